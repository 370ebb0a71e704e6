"""The command line. Nothing else of the package imports it; it needs the extra `cli`."""

from __future__ import annotations

from importlib.metadata import version


def user_agent() -> str:
    """Return what requests say that they come from: some providers refuse a library's name."""
    return f"oauth1-rs/{version('oauth1-rs')}"
