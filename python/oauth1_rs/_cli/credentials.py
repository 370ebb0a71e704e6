"""Where credentials come from: a profile, a file descriptor, the environment, or the keyboard."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from oauth1_rs._cli import profiles
from oauth1_rs._cli.terminal import NO_CREDENTIALS, USAGE, Failure, prompt
from oauth1_rs._hops import is_same_origin

NAMES = ("client_key", "client_secret", "token", "token_secret", "rsa_key_passphrase")
LABELS = {
    "client_key": "Client key",
    "client_secret": "Client secret",
    "token": "Token",
    "token_secret": "Token secret",
}
MAX_SIZE = 64 * 1024


@dataclass
class Credentials:
    """What a request is signed with."""

    values: dict[str, str] = field(repr=False)
    """Those of `NAMES` that there are."""
    settings: dict[str, Any] = field(repr=False)
    """Keywords of `OAuth1Session`."""
    profile: profiles.Profile | None = None
    """Where they are from, if they are from one."""

    def check_origin(self, url: str) -> None:
        """Refuse to send a profile's secrets themselves where they have not been before."""
        method = str(self.settings.get("signature_method"))
        if self.profile is None or method.upper() != "PLAINTEXT":
            return
        if not any(is_same_origin(origin, url) for origin in self.profile.origins):
            name, origin = self.profile.name, profiles.origin_of(url)
            raise Failure(
                USAGE,
                f"with PLAINTEXT {origin} would get the secrets of the profile {name}. If it may "
                f"have them: oauth1-rs profiles allow {name} {origin}",
            )

    def keywords(self) -> dict[str, Any]:
        """Return the keywords of `OAuth1` and `OAuth1Session`, `client_key` included."""
        names = {"token": "resource_owner_key", "token_secret": "resource_owner_secret"}
        given = {names.get(name, name): value for name, value in self.values.items()}
        settings = {**self.settings}
        if "rsa_key" in settings:
            settings["rsa_key"] = Path(settings["rsa_key"])
        return {**settings, **given}


def find(
    profile: str | None, descriptor: int | None, client_key: str | None, settings: dict[str, Any]
) -> Credentials:
    """Return the credentials that a request is to be signed with.

    They are a profile's, or else the descriptor's, or else those of the environment: never of two
    accounts. `settings` come before a profile's.
    """
    if profile is not None:
        if descriptor is not None or client_key is not None:
            raise Failure(USAGE, "--profile has all credentials: leave the other options out")
        stored = profiles.load(profile)
        values = {name: stored.secrets[name] for name in NAMES if name in stored.secrets}
        return Credentials(
            {**values, "client_key": stored.client_key}, {**stored.settings, **settings}, stored
        )
    values = given(descriptor, client_key)
    if "client_key" not in values:
        raise Failure(
            NO_CREDENTIALS,
            "there are no credentials: pass --profile (`oauth1-rs login` makes one), or set "
            "OAUTH1_CLIENT_KEY and the others, or pass --secrets-fd, with all of them",
        )
    ask_for(values, ["client_secret"], descriptor, settings)
    return Credentials(values, settings)


def given(descriptor: int | None, client_key: str | None) -> dict[str, str]:
    """Return what the descriptor has, or else the environment. Empty values are values, too."""
    if descriptor is not None:
        values = _read(descriptor)
    else:
        found = {name: os.environ.get(f"OAUTH1_{name.upper()}") for name in NAMES}
        values = {name: value for name, value in found.items() if value is not None}
    if client_key is None:
        return values
    if values.get("client_key", client_key) != client_key:
        place = "OAUTH1_CLIENT_KEY" if descriptor is None else f"file descriptor {descriptor}"
        raise Failure(
            USAGE,
            f"--client-key is not the client key of {place}, whose secrets would be used with it: "
            "leave one of them out",
        )
    return {**values, "client_key": client_key}


def ask_for(
    values: dict[str, str], names: list[str], descriptor: int | None, settings: dict[str, Any]
) -> None:
    """Ask whoever sits at the terminal for those that are missing."""
    is_rsa = settings.get("signature_method", "").upper().startswith("RSA-")
    for name in names:
        if name in values or name in settings or (is_rsa and name == "client_secret"):
            continue
        missing = (
            f"there is no {name}: set OAUTH1_{name.upper()} (it may be empty), pass --secrets-fd, "
            "or run this at a terminal to be asked"
        )
        if descriptor == 0 or not sys.stdin.isatty():
            raise Failure(NO_CREDENTIALS, missing)
        is_public = name in {"client_key", "token"}
        values[name] = prompt(
            LABELS[name],
            missing,
            hide_input=not is_public,
            default=None if name == "client_key" else "",
            show_default=False,
        )


def _read(descriptor: int) -> dict[str, str]:
    """Read lines `name=value`, to the end of the file."""
    try:
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            content = file.read(MAX_SIZE + 1)
        text = content.decode()
    except OSError as error:
        raise Failure(
            NO_CREDENTIALS, f"file descriptor {descriptor} cannot be read: {error}"
        ) from None
    except UnicodeDecodeError:
        raise Failure(NO_CREDENTIALS, f"file descriptor {descriptor} gives no UTF-8") from None
    if len(content) > MAX_SIZE:
        raise Failure(NO_CREDENTIALS, f"file descriptor {descriptor} gives more than 64 KiB")
    values = {}
    # Not `splitlines`: that breaks lines within secrets, too.
    for line in text.replace("\r\n", "\n").split("\n"):
        name, equals, value = line.partition("=")
        if not line.strip():
            continue
        if not equals or name not in NAMES:
            raise Failure(
                NO_CREDENTIALS,
                f"file descriptor {descriptor} gives a line that is none of "
                f"{', '.join(f'{name}=...' for name in NAMES)}",
            )
        values[name] = value
    return values
