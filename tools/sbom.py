"""Write oauth1-rs.cdx.json: all that is compiled into the extension module, in CycloneDX's form.

maturin puts it into the wheel, where PEP 770 has it. maturin could write one itself, but with the
time, a random number and the builder's paths. The same sources give the same file here.

`--check` writes nothing and fails if the file is not as it would be written.
"""

from __future__ import annotations

import json
import re
import sys
import uuid
from pathlib import Path
from typing import Any

from crates import ROOT, Name, compiled_packages, name_of

OUTPUT = ROOT / "oauth1-rs.cdx.json"


def main() -> int:
    text = json.dumps(sbom(), indent=1, ensure_ascii=False) + "\n"
    if sys.argv[1:] == ["--check"]:
        if OUTPUT.exists() and OUTPUT.read_text(encoding="utf-8") == text:
            return 0
        sys.stderr.write(f"{OUTPUT.name} is out of date: make sbom\n")
        return 1
    OUTPUT.write_text(text, encoding="utf-8")
    return 0


def sbom() -> dict[str, Any]:
    root, packages, needs = compiled_packages()
    references = {name_of(package): purl(package) for package in packages}
    references[name_of(root)] = f"pkg:pypi/{root['name']}@{root['version']}"
    checksums = locked_checksums()
    content = {
        "metadata": {"component": component(root, references[name_of(root)])},
        "components": [
            component(package, purl(package))
            | {"hashes": [{"alg": "SHA-256", "content": checksums[name_of(package)]}]}
            | bundled(package)
            for package in packages
        ]
        + [STANDARD_LIBRARY],
        "dependencies": [
            {"ref": references[package], "dependsOn": sorted(references[one] for one in needed)}
            for package, needed in sorted(needs.items(), key=lambda item: references[item[0]])
        ],
    }
    serial = uuid.uuid5(uuid.NAMESPACE_URL, json.dumps(content, sort_keys=True))
    head = {"bomFormat": "CycloneDX", "specVersion": "1.5", "serialNumber": f"urn:uuid:{serial}"}
    return head | {"version": 1} | content


STANDARD_LIBRARY = {
    "type": "library",
    "bom-ref": "std",
    "name": "std",
    "description": "Rust's standard library, of the compiler that the wheel is built with",
    "licenses": [{"expression": "MIT OR Apache-2.0"}],
}


def component(package: dict[str, Any], reference: str) -> dict[str, Any]:
    return {
        "type": "library",
        "bom-ref": reference,
        "name": package["name"],
        "version": package["version"],
        "licenses": [{"expression": package["license"].replace("/", " OR ")}],
        "purl": reference,
    }


def bundled(package: dict[str, Any]) -> dict[str, Any]:
    """Return what a crate brings along that is not Rust: advisories name it, not the crate."""
    if package["name"] != "aws-lc-sys":
        return {}
    header = Path(package["manifest_path"]).parent / "aws-lc/include/openssl/base.h"
    text = header.read_text(encoding="utf-8")
    found = re.search(r'^#define AWSLC_VERSION_NUMBER_STRING "([0-9.]+)"$', text, re.MULTILINE)
    assert found
    aws_lc = {"name": "AWS-LC", "version": found[1], "license": package["license"]}
    return {"components": [component(aws_lc, f"pkg:github/aws/aws-lc@v{found[1]}")]}


def purl(package: dict[str, Any]) -> str:
    return f"pkg:cargo/{package['name']}@{package['version']}"


def locked_checksums() -> dict[Name, str]:
    """Return what Cargo.lock says; tomllib is there from Python 3.11 on only."""
    text = (ROOT / "Cargo.lock").read_text(encoding="utf-8")
    entry = r'^name = "(.+)"\nversion = "(.+)"\nsource = ".+"\nchecksum = "(.+)"$'
    return {(name, version): sum_ for name, version, sum_ in re.findall(entry, text, re.MULTILINE)}


if __name__ == "__main__":
    sys.exit(main())
