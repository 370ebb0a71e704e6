"""The package: its names, what it imports, its metadata."""

from __future__ import annotations

import importlib.metadata
import importlib.resources
import inspect
import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import oauth1_rs
import oauthlib.oauth1
import pytest

ROOT = Path(__file__).parent.parent
NAMES = [
    "SIGNATURE_HMAC",
    "SIGNATURE_HMAC_SHA1",
    "SIGNATURE_HMAC_SHA256",
    "SIGNATURE_HMAC_SHA512",
    "SIGNATURE_PLAINTEXT",
    "SIGNATURE_RSA",
    "SIGNATURE_RSA_SHA1",
    "SIGNATURE_RSA_SHA256",
    "SIGNATURE_RSA_SHA512",
    "SIGNATURE_TYPE_AUTH_HEADER",
    "SIGNATURE_TYPE_BODY",
    "SIGNATURE_TYPE_QUERY",
    "AuthorizationDenied",
    "Client",
    "Difference",
    "Explanation",
    "OAuth1",
    "OAuth1Adapter",
    "OAuth1Error",
    "OAuth1Session",
    "OAuth1TypeError",
    "TokenError",
    "TokenMissing",
    "TokenRequestDenied",
    "TokenResponseError",
    "VerifierMissing",
    "WhiteSpaceWarning",
]


def test_the_public_names() -> None:
    assert sorted(oauth1_rs.__all__) == sorted(NAMES)
    assert [name for name in NAMES if not hasattr(oauth1_rs, name)] == []
    assert set(NAMES) <= set(dir(oauth1_rs))
    with pytest.raises(AttributeError, match="module 'oauth1_rs' has no attribute 'OAuth2'"):
        _ = oauth1_rs.OAuth2  # type: ignore[attr-defined]  # that is the point


@pytest.mark.parametrize("name", [name for name in NAMES if name.startswith("SIGNATURE")])
def test_the_constants_are_oauthlibs(name: str) -> None:
    assert getattr(oauth1_rs, name) == getattr(oauthlib.oauth1, name)


def test_importing_it_imports_nothing_else() -> None:
    """And signing does not either: whoever uses another HTTP client pays for none of them."""
    code = (
        "import sys; before = set(sys.modules); import oauth1_rs;"
        "oauth1_rs.Client('ck').sign('http://a/');"
        "new = set(sys.modules) - before - {'__future__'};"
        "print(sorted(name for name in new if 'oauth1_rs' not in name))"
    )
    output = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True
    ).stdout
    assert output == "[]\n"


def test_the_metadata() -> None:
    metadata = importlib.metadata.metadata("oauth1-rs")
    assert metadata["License-Expression"] == "MIT"
    assert metadata["Requires-Python"] == ">=3.10"
    requirements = importlib.metadata.requires("oauth1-rs") or []
    always = [requirement for requirement in requirements if "extra ==" not in requirement]
    assert [requirement.split(">")[0] for requirement in always] == ["requests"]
    assert importlib.resources.files("oauth1_rs").joinpath("py.typed").is_file()
    assert importlib.resources.files("oauth1_rs").joinpath("_native.pyi").is_file()


def in_the_wheel(path: str) -> str:
    text = importlib.metadata.distribution("oauth1-rs").read_text(path)
    assert text is not None
    return text


@pytest.mark.parametrize("name", ["LICENSE", "THIRD-PARTY-LICENSES"])
def test_the_licenses_are_in_the_wheel(name: str) -> None:
    assert in_the_wheel(f"licenses/{name}") == (ROOT / name).read_text(encoding="utf-8")


def test_the_wheel_says_what_it_is_made_of() -> None:
    """What the SBOM lists is what cargo says it compiles here, with the hashes of Cargo.lock."""
    files = importlib.metadata.files("oauth1-rs") or []
    sboms = [file.name for file in files if file.parent.name == "sboms"]
    assert sboms == ["oauth1-rs.cdx.json"]
    sbom = json.loads(in_the_wheel("sboms/oauth1-rs.cdx.json"))
    assert sbom["metadata"]["component"]["purl"] == (
        f"pkg:pypi/oauth1-rs@{importlib.metadata.version('oauth1-rs')}"
    )
    *crates, std = sbom["components"]
    assert std["name"] == "std"
    listed = {
        f"{crate['name']} v{crate['version']}": crate["hashes"][0]["content"] for crate in crates
    }
    lock = (ROOT / "Cargo.lock").read_text(encoding="utf-8")
    entry = r'^name = "(.+)"\nversion = "(.+)"\nsource = ".+"\nchecksum = "(.+)"$'
    locked = {
        f"{name} v{version}": checksum
        for name, version, checksum in re.findall(entry, lock, re.MULTILINE)
    }
    tree = ["cargo", "tree", "--locked", "--features", "python", "--prefix", "none"]
    tree += ["--edges", "normal,no-proc-macro", "--format", "{p}"]
    lines = subprocess.run(tree, check=True, capture_output=True, text=True, cwd=ROOT).stdout
    compiled = {" ".join(line.split()[:2]) for line in lines.splitlines()}
    (root,) = (name for name in compiled if name.startswith("oauth1-rs "))
    assert listed == {name: locked[name] for name in compiled - {root}}


def test_the_wheel_says_which_aws_lc_it_has() -> None:
    """Advisories name AWS-LC, not the crate that brings it along."""
    sbom = json.loads(in_the_wheel("sboms/oauth1-rs.cdx.json"))
    ((aws_lc,),) = [crate["components"] for crate in sbom["components"] if "components" in crate]
    assert aws_lc["purl"] == f"pkg:github/aws/aws-lc@v{aws_lc['version']}"
    metadata = ["cargo", "metadata", "--locked", "--format-version", "1"]
    output = subprocess.run(metadata, check=True, capture_output=True, cwd=ROOT).stdout
    packages = {package["name"]: package for package in json.loads(output)["packages"]}
    bindings = Path(packages["aws-lc-sys"]["manifest_path"]).parent / "src/universal_crypto.rs"
    constant = f'AWSLC_VERSION_NUMBER_STRING: &[u8; 7] = b"{aws_lc["version"]}\\0"'
    assert constant in bindings.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "documented",
    [
        oauth1_rs.OAuth1,
        oauth1_rs.Client,
        oauth1_rs.Client.sign,
        oauth1_rs.Client.explain,
        oauth1_rs.OAuth1.explain,
        oauth1_rs.Explanation.diff,
        oauth1_rs.OAuth1Adapter,
        oauth1_rs.OAuth1Session,
        oauth1_rs.OAuth1Session.for_provider,
        oauth1_rs.OAuth1Session.fetch_request_token,
        oauth1_rs.OAuth1Session.authorization_url,
        oauth1_rs.OAuth1Session.parse_authorization_response,
        oauth1_rs.OAuth1Session.fetch_access_token,
    ],
)
def test_the_public_docstrings_name_every_parameter(documented: Callable[..., Any]) -> None:
    parameters = [name for name in inspect.signature(documented).parameters if name != "self"]
    text = documented.__doc__ or ""
    assert [name for name in parameters if name not in text] == []
    assert "Raises" in text
