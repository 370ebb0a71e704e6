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
from urllib.parse import urlsplit

import click

from oauth1_rs._cli.terminal import NO_CREDENTIALS, USAGE, Failure

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Value = TypeVar("Value")

SERVICE = "oauth1-rs"
VERSION = 1
"""Of the files' format: one that can be read only by what knows it has a higher one."""
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
TEXTS = ["client_key", "provider", "created", "store"]
SETTINGS = {
    "allow_insecure_plaintext": bool,
    "body_hash": str,
    "client_secret": str,
    "protocol_parameters": dict,
    "realm": str,
    "resource_owner_key": str,
    "rsa_key": str,
    "signature_method": str,
    "signature_type": str,
    "single_encoding": bool,
}
"""What a profile can have of the keywords of `OAuth1Session`."""


class _UnreadableError(Failure):
    """There is no profile, or none that could be lost."""


@dataclass
class Profile:
    """One set of credentials, and the settings that they are used with."""

    name: str
    client_key: str
    secrets: dict[str, str] = field(repr=False)
    """Those of the names `client_secret`, `token`, `token_secret`, `rsa_key_passphrase` that there
    are, and what else a provider answered."""
    settings: dict[str, Any]
    """Those of `SETTINGS` that there are."""
    origins: list[str] = field(default_factory=list)
    """Where PLAINTEXT may send the secrets."""
    provider: str = ""
    created: str = ""
    store: str = ""
    """Where the secrets are: "keyring" or "file"."""


def folder() -> Path:
    """Return where the files are."""
    return Path(click.get_app_dir("oauth1-rs")) / "profiles"


def names() -> list[str]:
    """Return the names of all profiles."""
    try:
        return sorted(it.stem for it in folder().iterdir() if it.suffix == ".json")
    except FileNotFoundError:
        return []
    except OSError as error:
        raise Failure(NO_CREDENTIALS, f"profiles cannot be read: {error}") from None


def origin_of(url: str) -> str:
    """Return scheme, host and port of a URL."""
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise Failure(USAGE, f"{url!r} does not begin with http:// or https:// and a host")
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2].lower()}"


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
    with contextlib.suppress(_UnreadableError):
        describe(profile.name)
    profile.created = profile.created or datetime.now(timezone.utc).isoformat(timespec="seconds")
    try:
        check_folder()
        try:
            profile.store = "keyring"
            # The old file goes when the keyring has the secrets, and these are written when there
            # is room for the file: the two belong to one login.
            with _replaced(profile):
                _with_keyring(lambda keyring: _put(keyring, profile))
        except _KeyringError:
            profile.store = "file"
            with _replaced(profile):
                pass
            with contextlib.suppress(_KeyringError):
                _with_keyring(lambda keyring: _delete(keyring, profile.name))
    except OSError as error:
        raise Failure(NO_CREDENTIALS, f"the profile cannot be written: {error}") from None


def load(name: str) -> Profile:
    """Return a profile with its secrets."""
    profile = describe(name)
    if profile.store != "keyring":
        return profile
    try:
        text = _with_keyring(lambda keyring: keyring.get_password(SERVICE, name))
    except _KeyringError as error:
        raise Failure(NO_CREDENTIALS, f"the keyring cannot be used: {error}") from None
    if text is None:
        raise Failure(
            NO_CREDENTIALS, f"the keyring has no secrets of the profile {name!r}: log in again"
        )
    try:
        profile.secrets = _texts(json.loads(text))
    except (ValueError, TypeError, RecursionError):  # neither says what is in it
        raise Failure(
            NO_CREDENTIALS,
            f"what the keyring has of the profile {name!r} is not what was stored: log in again",
        ) from None
    return profile


def describe(name: str) -> Profile:
    """Return a profile, without asking the keyring for its secrets."""
    path = _path(name)
    try:
        _check_owner(path.parent, path.parent.stat())
        # Not a file that somebody else puts in its place: the one that is open is looked at.
        # Nor one that never ends.
        flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
        descriptor = os.open(path, flags)
        with os.fdopen(descriptor, encoding="utf-8") as file:
            _check_owner(path, os.fstat(descriptor))
            content = json.load(file)
        _check_version(path, content["version"])
        texts = _texts({key: content[key] for key in TEXTS})
        secrets = _texts(content.get("secrets", {}))
        settings = _settings(content["settings"])
        origins = _list_of_texts(content["origins"])
        return Profile(name=name, secrets=secrets, settings=settings, origins=origins, **texts)
    except FileNotFoundError:
        there = f" (there is: {', '.join(names())})" if names() else ""
        raise _UnreadableError(
            NO_CREDENTIALS, f"there is no profile {name!r}{there}: `oauth1-rs login` makes one"
        ) from None
    except OSError as error:
        raise _UnreadableError(NO_CREDENTIALS, f"the profile cannot be read: {error}") from None
    # None of them says what is in the file.
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise _UnreadableError(
            NO_CREDENTIALS, f"{path} is no profile: remove it and log in again"
        ) from None


def remove(name: str) -> None:
    """Remove a profile and its secrets."""
    try:
        store = describe(name).store
    except Failure:
        if not _path(name).is_file():
            raise
        store = ""  # what it has is of no use
    try:
        _with_keyring(lambda keyring: _delete(keyring, name))
    except _KeyringError as error:
        if store == "keyring":
            raise Failure(NO_CREDENTIALS, f"the keyring cannot be used: {error}") from None
    try:
        _path(name).unlink()
    except OSError as error:
        raise Failure(NO_CREDENTIALS, f"the profile cannot be removed: {error}") from None


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


def _check_version(path: Path, version: Any) -> None:
    """Refuse what a newer format may say otherwise."""
    if version > VERSION:
        raise Failure(
            NO_CREDENTIALS,
            f"a newer oauth1-rs wrote {path} (its version is {version}): update this one",
        )
    if version != VERSION:
        raise ValueError("no version")


@contextlib.contextmanager
def _replaced(profile: Profile) -> Iterator[None]:
    """Write a file that is there whole or not at all, and takes its place when the block ends.

    `mkstemp` makes it of mode 0600.
    """
    content: dict[str, Any] = {"version": VERSION, **{key: getattr(profile, key) for key in TEXTS}}
    content |= {"settings": profile.settings, "origins": profile.origins}
    if profile.store == "file":
        content["secrets"] = profile.secrets
    path = _path(profile.name)
    descriptor, temporary = tempfile.mkstemp(prefix=".", suffix=".tmp", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(json.dumps(content, indent=2).encode())
            file.flush()
            os.fsync(file.fileno())
        yield
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink()
        raise


def _texts(value: Any) -> dict[str, str]:
    """Return what is a dictionary of texts, and refuse all else."""
    if not isinstance(value, dict) or not all(isinstance(it, str) for it in value.values()):
        raise TypeError("no texts")
    return value


def _list_of_texts(value: Any) -> list[str]:
    """Return what is a list of texts, and refuse all else."""
    if not isinstance(value, list) or not all(isinstance(it, str) for it in value):
        raise TypeError("no texts")
    return value


def _settings(value: Any) -> dict[str, Any]:
    """Return what is a dictionary of settings, and refuse all else."""
    if not all(isinstance(it, SETTINGS.get(name, ())) for name, it in value.items()):
        raise TypeError("no settings")
    settings: dict[str, Any] = value
    return settings


class _KeyringError(Exception):
    """There is no keyring, or it cannot be used."""


def _with_keyring(function: Callable[[Any], Value]) -> Value:
    """Return what `function` does with the keyring. Backends, and their settings, are anybody's."""
    try:
        import keyring  # noqa: PLC0415 - not everybody has it, and it looks for backends

        return function(keyring.get_keyring())
    except Exception as error:  # noqa: BLE001 - a backend raises what it likes
        raise _KeyringError(str(error)) from None


def _put(keyring: Any, profile: Profile) -> None:
    text = json.dumps(profile.secrets)
    # Those of no priority keep nothing: "null" and "fail".
    if keyring.priority <= 0:
        raise _KeyringError("it keeps nothing")
    keyring.set_password(SERVICE, profile.name, text)
    if keyring.get_password(SERVICE, profile.name) != text:
        raise _KeyringError("it keeps something else")


def _delete(keyring: Any, name: str) -> None:
    if keyring.get_password(SERVICE, name) is not None:
        keyring.delete_password(SERVICE, name)
