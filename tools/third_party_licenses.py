"""Write THIRD-PARTY-LICENSES: the notices of all that is compiled into the extension module.

`--check` writes nothing and fails if the file is not as it would be written.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

OUTPUT = Path(__file__).parent.parent / "THIRD-PARTY-LICENSES"
HEAD = """\
oauth1-rs is under the MIT license, see LICENSE. Its extension module contains, in compiled form,
the Rust standard library (MIT or Apache-2.0, https://github.com/rust-lang/rust) and the packages
below, under the terms below. Of packages that leave the choice, the MIT license is taken.
"""


def main() -> int:
    text = HEAD
    for notice, packages in sorted(notices().items(), key=lambda item: (item[1], item[0])):
        text += f"\n{'=' * 80}\n{', '.join(packages)}\n{'=' * 80}\n\n{notice}\n"
    if sys.argv[1:] == ["--check"]:
        if OUTPUT.read_text(encoding="utf-8") == text:
            return 0
        sys.stderr.write(f"{OUTPUT.name} is out of date: make licenses\n")
        return 1
    OUTPUT.write_text(text, encoding="utf-8")
    return 0


def notices() -> dict[str, list[str]]:
    """Return the packages by the text of their license."""
    packages_by_notice = defaultdict(list)
    for package in compiled_packages():
        folder = Path(package["manifest_path"]).parent
        files = sorted(path for path in folder.rglob("LICENSE*") if path.is_file())
        mit = [path for path in files if path.name.upper().startswith("LICENSE-MIT")]
        texts = {path.read_text(encoding="utf-8").strip() for path in mit or files}
        # Packages that come without a text have their license by name alone.
        for text in texts or {f"License: {package['license']}"}:
            packages_by_notice[text].append(f"{package['name']} {package['version']}")
    return packages_by_notice


def compiled_packages() -> list[dict[str, Any]]:
    """Return cargo's packages that are linked into the module, on any platform."""
    command = ["cargo", "metadata", "--locked", "--format-version", "1", "--features", "python"]
    metadata = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    dependencies = {
        node["id"]: [
            dependency["pkg"]
            for dependency in node["deps"]
            if any(kind["kind"] is None for kind in dependency["dep_kinds"])
        ]
        for node in metadata["resolve"]["nodes"]
    }
    root = metadata["resolve"]["root"]
    linked, waiting = set(), [root]
    while waiting:
        package = waiting.pop()
        if package not in linked:
            linked.add(package)
            waiting += dependencies[package]
    packages = {package["id"]: package for package in metadata["packages"]}
    return sorted((packages[package] for package in linked - {root}), key=lambda it: it["name"])


if __name__ == "__main__":
    sys.exit(main())
