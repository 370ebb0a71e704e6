"""A keyring that a test can look into, for processes whose `KEYRING_FILE` names its file."""

from __future__ import annotations

import json
import os
from pathlib import Path

from keyring.backend import KeyringBackend
from keyring.errors import KeyringLocked, PasswordDeleteError


class Keyring(KeyringBackend):
    """Keeps passwords. Beside a file "locked" it can only be written, beside "broken" not that."""

    priority = 1

    def set_password(self, service: str, username: str, password: str) -> None:
        if _file().with_name("broken").exists():
            raise ArithmeticError("of this backend's own")  # as some backends raise what they like
        self._write({**self._read(), f"{service}/{username}": password})

    def get_password(self, service: str, username: str) -> str | None:
        if _file().with_name("locked").exists():
            raise KeyringLocked("it is locked")
        return self._read().get(f"{service}/{username}")

    def delete_password(self, service: str, username: str) -> None:
        kept = self._read()
        if kept.pop(f"{service}/{username}", None) is None:
            raise PasswordDeleteError("there is no such password")
        self._write(kept)

    def _read(self) -> dict[str, str]:
        kept: dict[str, str] = json.loads(_file().read_text()) if _file().exists() else {}
        return kept

    def _write(self, kept: dict[str, str]) -> None:
        _file().write_text(json.dumps(kept))


def _file() -> Path:
    return Path(os.environ["KEYRING_FILE"])
