"""Credentials with names: secrets in the platform's keyring, all else in a file for each.

Where there is no keyring the secrets are in that file, too. Its mode is 0600 and that of its folder
0700, and it is not read if others can.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import stat
import tempfile
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from oauth1_rs._cli.terminal import NO_CREDENTIALS, USAGE, Failure

if TYPE_CHECKING:
    from collections.abc import Callable

Value = TypeVar("Value")

SERVICE = "oauth1-rs"
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


@dataclass
class Profile:
    """One set of credentials, and the settings that they are used with."""

    name: str
    client_key: str
    secrets: dict[str, str] = field(repr=False)
    """Those of the names `client_secret`, `token`, `token_secret`, `rsa_key_passphrase` that there
    are, and what else a provider answered."""
    settings: dict[str, Any]
    """Keywords of `OAuth1Session`."""
    provider: str = ""
    created: str = ""
    store: str = ""
    """Where the secrets are: "keyring" or "file"."""


def folder() -> Path:
    """Return where the files are."""
    return Path(click.get_app_dir("oauth1-rs")) / "profiles"


def names() -> list[str]:
    """Return the names of all profiles."""
    with contextlib.suppress(FileNotFoundError):
        return sorted(it.stem for it in folder().iterdir() if it.suffix == ".json")
    return []


def check_name(name: str) -> str:
    """Return a name that can be one."""
    if not NAME.fullmatch(name):
        raise Failure(
            USAGE,
            f"{name!r} is no name for a profile: it has letters, digits, dots, hyphens and "
            "underscores, 64 at most, and begins with one of the first two",
        )
    return name


def check_folder() -> None:
    """See to it that there is a folder for the files, and that others cannot use it."""
    try:
        folder().mkdir(mode=0o700, parents=True, exist_ok=True)
        _check_owner(folder(), folder().stat())
    except OSError as error:
        raise Failure(NO_CREDENTIALS, f"profiles cannot be written: {error}") from None


def save(profile: Profile) -> None:
    """Store a profile, in place of one with that name. Says in `profile.store` where."""
    path = _path(profile.name)
    profile.created = datetime.now(timezone.utc).isoformat(timespec="seconds")
    profile.store = "keyring" if _put_into_keyring(profile.name, profile.secrets) else "file"
    content = {
        "version": 1,
        "client_key": profile.client_key,
        "provider": profile.provider,
        "settings": profile.settings,
        "created": profile.created,
        "store": profile.store,
    }
    if profile.store == "file":
        content["secrets"] = profile.secrets
    try:
        check_folder()
        _write(path, json.dumps(content, indent=2).encode())
    except OSError as error:
        raise Failure(NO_CREDENTIALS, f"the profile cannot be written: {error}") from None


def load(name: str) -> Profile:
    """Return a profile with its secrets."""
    profile = describe(name)
    if profile.store == "keyring":
        profile.secrets = _get_from_keyring(name)
    return profile


def describe(name: str) -> Profile:
    """Return a profile, without asking the keyring for its secrets."""
    path = _path(name)
    try:
        _check_owner(path.parent, path.parent.stat())
        # Not a file that somebody else puts in its place: the one that is open is looked at.
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0))
        with os.fdopen(descriptor, encoding="utf-8") as file:
            _check_owner(path, os.fstat(descriptor))
            content = json.load(file)
        return Profile(
            name=name,
            client_key=content["client_key"],
            secrets=content.get("secrets", {}),
            settings=content["settings"],
            provider=content["provider"],
            created=content["created"],
            store=content["store"],
        )
    except FileNotFoundError:
        there = f" (there is: {', '.join(names())})" if names() else ""
        raise Failure(
            NO_CREDENTIALS, f"there is no profile {name!r}{there}: `oauth1-rs login` makes one"
        ) from None
    except OSError as error:
        raise Failure(NO_CREDENTIALS, f"the profile cannot be read: {error}") from None
    # Neither says what is in the file.
    except (ValueError, KeyError, TypeError, AttributeError):
        raise Failure(NO_CREDENTIALS, f"{path} is no profile: remove it and log in again") from None


def remove(name: str) -> None:
    """Remove a profile and its secrets."""
    profile = describe(name)
    if profile.store == "keyring":
        import keyring  # noqa: PLC0415 - it looks for backends when it is imported

        with contextlib.suppress(keyring.errors.PasswordDeleteError):  # it is not there any more
            _keyring_errors(lambda: keyring.delete_password(SERVICE, name))
    _path(name).unlink()


def _path(name: str) -> Path:
    return folder() / f"{check_name(name)}.json"


def _check_owner(path: Path, status: os.stat_result) -> None:
    """Refuse what others can read or write. Windows keeps others out of a user's folder itself."""
    if os.name == "nt":
        return
    mode = stat.S_IMODE(status.st_mode)
    if status.st_uid != os.getuid():
        raise Failure(NO_CREDENTIALS, f"{path} is another user's: it is not used")
    if mode & 0o077:
        right = "700" if stat.S_ISDIR(status.st_mode) else "600"
        raise Failure(
            NO_CREDENTIALS,
            f"others may use {path} (its mode is {mode:o}): what is in it may be known. Get new "
            f"credentials, or `chmod {right}` it if nobody else was there",
        )


def _write(path: Path, content: bytes) -> None:
    """Write a file that is there whole or not at all. `mkstemp` makes it of mode 0600."""
    descriptor, temporary = tempfile.mkstemp(prefix=".", suffix=".tmp", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink()
        raise


def _put_into_keyring(name: str, secrets: dict[str, str]) -> bool:
    """Return whether the secrets are in the keyring now."""
    try:
        import keyring  # noqa: PLC0415 - as above
    except ImportError:
        return False
    text = json.dumps(secrets)
    try:
        # Those of no priority keep nothing: "null" and "fail".
        if keyring.get_keyring().priority <= 0:
            return False
        keyring.set_password(SERVICE, name, text)
        return keyring.get_password(SERVICE, name) == text
    except (keyring.errors.KeyringError, RuntimeError, OSError):
        return False


def _get_from_keyring(name: str) -> dict[str, str]:
    try:
        import keyring  # noqa: PLC0415 - as above
    except ImportError:
        raise Failure(
            NO_CREDENTIALS, "the secrets are in the keyring: pip install keyring"
        ) from None
    text = _keyring_errors(lambda: keyring.get_password(SERVICE, name))
    if text is None:
        raise Failure(
            NO_CREDENTIALS, f"the keyring has no secrets of the profile {name!r}: log in again"
        )
    secrets: dict[str, str] = json.loads(text)
    return secrets


def _keyring_errors(function: Callable[[], Value]) -> Value:
    import keyring  # noqa: PLC0415 - as above

    try:
        return function()
    except keyring.errors.PasswordDeleteError:
        raise
    except (keyring.errors.KeyringError, RuntimeError, OSError) as error:
        raise Failure(NO_CREDENTIALS, f"the keyring cannot be used: {error}") from None
