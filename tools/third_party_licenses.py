"""Write THIRD-PARTY-LICENSES: the notices of all that is compiled into the extension module.

`--check` writes nothing and fails if the file is not as it would be written.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from pathlib import Path

from crates import ROOT, compiled_packages

OUTPUT = ROOT / "THIRD-PARTY-LICENSES"
HEAD = """\
oauth1-rs is under the MIT license, see LICENSE. Its extension module contains, in compiled form,
the packages below and the Rust standard library (Copyright The Rust Project Contributors), under
the terms below. Of those that leave the choice, the MIT license is taken; the standard library's
is that of pyo3, word for word but for the names.
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
    for package in compiled_packages()[1]:
        folder = Path(package["manifest_path"]).parent
        files = sorted(path for path in folder.rglob("LICENSE*") if path.is_file())
        mit = [path for path in files if path.name.upper().startswith("LICENSE-MIT")]
        is_choice = " AND " not in package["license"]
        texts = {path.read_text(encoding="utf-8").strip() for path in (is_choice and mit) or files}
        if not texts:
            raise SystemExit(f"{package['name']} comes without the text of its license")
        for text in texts:
            packages_by_notice[text].append(f"{package['name']} {package['version']}")
    return packages_by_notice


if __name__ == "__main__":
    sys.exit(main())
