"""Check that the lock files pin what is asked for, and everything by its hash.

That they are complete is what installing from them shows: pip's --require-hashes, `npm ci` and
cargo's --locked refuse one that is not.
"""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parent.parent
# Where the requirements are (dependency groups of pyproject.toml, or a file), and the oldest
# Python that they are for.
LOCKS: dict[str, tuple[list[str] | str, int]] = {
    "requirements-dev.lock": (["build", "test", "clients", "cli", "lint", "peers"], 10),
    "requirements-mutants.lock": (["test", "clients", "cli", "peers", "mutants"], 10),
    "requirements-release.lock": (["build", "release"], 10),
    "benches/requirements.lock": ("benches/requirements.in", 11),
    "fuzz/requirements.lock": ("fuzz/requirements.in", 11),
    "tests/peer_suites/requirements.lock": ("tests/peer_suites/requirements.in", 11),
    "tests/with_niquests/requirements.lock": ("tests/with_niquests/requirements.in", 10),
}
NEWEST = 14


def main() -> int:
    problems = [
        f"{name}: {problem}"
        for name, (source, oldest) in LOCKS.items()
        for problem in in_lock(name, source, oldest)
    ]
    problems += [f"tests/package-lock.json: {problem}" for problem in in_package_lock()]
    for problem in problems:
        sys.stderr.write(f"{problem}\n")
    if problems:
        sys.stderr.write("make lock, or for npm's packages npm install --prefix tests\n")
    return bool(problems)


def in_lock(name: str, source: list[str] | str, oldest: int) -> Iterator[str]:
    pins = defaultdict(list)
    for line in logical_lines((ROOT / name).read_text(encoding="utf-8")):
        pin, *hashes = line.split(" --hash=")
        if not hashes:
            yield f"{pin} has no hash"
        requirement = Requirement(pin)
        pins[canonicalize_name(requirement.name)].append(requirement)
    for text in requirements(source):
        wanted = Requirement(text)
        for minor in range(oldest, NEWEST + 1):
            environment = {"python_version": f"3.{minor}", "python_full_version": f"3.{minor}.0"}
            if wanted.marker and not wanted.marker.evaluate(environment):
                continue
            versions = [
                str(pin.specifier).removeprefix("==")
                for pin in pins[canonicalize_name(wanted.name)]
                if not pin.marker or pin.marker.evaluate(environment)
            ]
            if len(versions) != 1 or versions[0] not in wanted.specifier:
                yield f"{text} is wanted on Python 3.{minor}, {versions or 'nothing'} is pinned"


def requirements(source: list[str] | str) -> list[str]:
    if isinstance(source, str):
        return list(logical_lines((ROOT / source).read_text(encoding="utf-8")))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    # What `make` builds the package with is what pip would build it with.
    requires: list[str] = project["build-system"]["requires"] if "build" in source else []
    return requires + [line for group in source for line in project["dependency-groups"][group]]


def logical_lines(text: str) -> Iterator[str]:
    for line in text.replace("\\\n", " ").splitlines():
        content = " ".join(line.partition(" #")[0].split())
        if content and not content.startswith("#"):
            yield content


def in_package_lock() -> Iterator[str]:
    lock = json.loads((ROOT / "tests/package-lock.json").read_text(encoding="utf-8"))
    wanted = json.loads((ROOT / "tests/package.json").read_text(encoding="utf-8"))
    root, *packages = lock["packages"].items()
    if root[1]["dependencies"] != wanted["dependencies"]:
        yield "is for other packages than package.json"
    for path, package in packages:
        if not package["integrity"].startswith("sha512-"):
            yield f"{path} has no hash"


if __name__ == "__main__":
    sys.exit(main())
