"""What cargo compiles into the extension module, for the other tools.

`cargo tree` says it. `cargo metadata` and Cargo.lock have crates besides that no feature asks for.
"""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
# What wheels are released for.
PLATFORMS = [
    "aarch64-apple-darwin",
    "aarch64-pc-windows-msvc",
    "aarch64-unknown-linux-gnu",
    "aarch64-unknown-linux-musl",
    "x86_64-apple-darwin",
    "x86_64-pc-windows-msvc",
    "x86_64-unknown-linux-gnu",
    "x86_64-unknown-linux-musl",
]
FEATURES = ["--locked", "--features", "python"]

Name = tuple[str, str]


def compiled_packages() -> tuple[dict[str, Any], list[dict[str, Any]], dict[Name, set[Name]]]:
    """Return this package, the packages that are linked into it, and who needs whom.

    Who needs whom differs between platforms, what is there does not: that is checked.
    """
    root, needs = on_platform(PLATFORMS[0])
    for platform in PLATFORMS[1:]:
        others = on_platform(platform)[1]
        if others.keys() != needs.keys():
            raise SystemExit(f"{platform} is made of other crates than {PLATFORMS[0]}")
        for package, needed in others.items():
            needs[package] |= needed
    metadata = json.loads(cargo("metadata", "--format-version", "1"))
    known = {name_of(package): package for package in metadata["packages"]}
    return known[root], [known[name] for name in sorted(needs.keys() - {root})], needs


def on_platform(platform: str) -> tuple[Name, dict[Name, set[Name]]]:
    # What a procedural macro is made of runs at build time only.
    edges = ["--edges", "normal,no-proc-macro", "--prefix", "depth", "--format", "{p}"]
    above: list[Name] = []
    needs: dict[Name, set[Name]] = {}
    for line in cargo("tree", *edges, "--target", platform).splitlines():
        found = re.match(r"(\d+)(\S+) v(\S+)", line)
        assert found, line
        package = (found[2], found[3])
        needs.setdefault(package, set())
        del above[int(found[1]) :]
        if above:
            needs[above[-1]].add(package)
        above.append(package)
    return above[0], needs


def name_of(package: dict[str, Any]) -> Name:
    return package["name"], package["version"]


def cargo(command: str, *options: str) -> str:
    return subprocess.run(
        ["cargo", command, *FEATURES, *options],
        check=True,
        capture_output=True,
        text=True,
        cwd=ROOT,
    ).stdout
