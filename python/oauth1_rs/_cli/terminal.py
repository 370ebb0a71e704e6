"""What the command says, where, and with which exit code it ends."""

from __future__ import annotations

import contextlib
import json
import os
import sys
import threading
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import click
from rich.console import Console
from rich.text import Text

from oauth1_rs._masking import printable

if TYPE_CHECKING:
    from collections.abc import Callable

REFUSED = 1
"""The provider, the user or the server said no; two signatures differ."""
USAGE = 2
"""The command, its settings or its installation cannot be used."""
NETWORK = 3
"""Nobody answered, or not in time."""
NO_CREDENTIALS = 4
"""There are no credentials, they cannot be read, or the input ended."""
INTERRUPTED = 130
"""Ctrl-C."""
PIPE_CLOSED = 141
"""Nobody reads standard output any more; shells say the same of others that SIGPIPE ends."""

Value = TypeVar("Value")

# What could not be waited for. Python cannot end in peace while one of them reads a terminal.
left_behind: list[threading.Thread] = []


class Failure(click.ClickException):
    """An end with a text for people."""

    exit_code: int  # type: ignore[misc]  # click's own, of a class, is one for all

    def __init__(self, exit_code: int, text: str) -> None:
        super().__init__(text)
        self.exit_code = exit_code

    def show(self, file: Any = None) -> None:
        """Write the text to standard error."""
        del file
        say(f"Error: {self.message}", "red")


def say(text: str, style: str = "") -> None:
    """Write a line for people, to standard error: standard output is for programs."""
    # No markup, and no breaks in lines: URLs are to be copied.
    console(sys.stderr).print(Text(safe(text), style), soft_wrap=True)


def write(text: str) -> None:
    """Write a line to standard output."""
    click.echo(safe(text) if sys.stdout.isatty() else text)


def prompt(label: str, missing: str, **options: Any) -> str:
    """Ask for a line. Where the input ends instead, the failure says what is `missing`."""
    try:
        answer: str = click.prompt(label, err=True, **options)
    except click.Abort as error:
        # click makes the same of Ctrl-C and of the end, and keeps which it was.
        if not isinstance(error.__context__, EOFError):
            raise
        if not options.get("hide_input"):  # click itself ends the line of those
            click.echo(err=True)
        raise Failure(NO_CREDENTIALS, f"the input ended: {missing}") from None
    return answer


def keep_standard_output() -> None:
    """Keep standard output for this process: what others print that it starts goes to the errors.

    A browser that prints would break the JSON.
    """
    with contextlib.suppress(OSError):  # there may be no such descriptors
        sys.stdout.flush()
        ours = os.dup(1)
        os.dup2(2, 1)
        sys.stdout = open(  # noqa: SIM115 - open to the end, as the one before
            ours, "w", encoding=sys.stdout.encoding, errors=sys.stdout.errors, closefd=False
        )


def write_exact(text: str) -> None:
    """Write what is of no use when a character of it is another."""
    if sys.stdout.isatty() and safe(text) != text:
        raise Failure(
            USAGE,
            "it has characters that are not shown on a terminal: write it to a file or a pipe, or "
            "use --output json",
        )
    write(text)


def write_json(value: object) -> None:
    """Write JSON to standard output, in ASCII: nothing in it steers a terminal."""
    click.echo(json.dumps(value, indent=2).replace("\x7f", "\\u007f"))


def write_rich(value: Any) -> None:
    """Write what gives rich lines of text, each with its style, to standard output."""
    there = console(sys.stdout)
    for line in value.__rich_console__(there, there.options):
        there.print(Text(safe(line.plain), line.style), soft_wrap=True)


def console(file: Any) -> Console:
    """Return a console of rich's: it has colours on terminals only, and none with NO_COLOR."""
    # rich itself would leave bold text bold.
    colours: Literal["auto"] | None = None if os.environ.get("NO_COLOR") else "auto"
    return Console(file=file, color_system=colours, highlight=False, markup=False, emoji=False)


def safe(text: str) -> str:
    """Return text without what would steer a terminal: it may come from anybody's server."""
    return "".join(it if it in "\n\t" else printable(it) for it in text.replace("\r\n", "\n"))


def within(seconds: float, what: str, function: Callable[[], Value]) -> Value:
    """Return what `function` does; give up after a time. It is then left to itself."""
    outcome: list[tuple[Value | None, BaseException | None]] = []
    finished = threading.Event()

    def work() -> None:
        try:
            outcome.append((function(), None))
        except BaseException as error:  # noqa: BLE001 - it is raised below
            outcome.append((None, error))
        finished.set()

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    try:
        # Not `join`: older Pythons take a thread for ended when Ctrl-C ends that.
        finished.wait(max(seconds, 0))
    finally:
        if not finished.is_set():
            left_behind.append(thread)
    if not outcome:
        raise Failure(NETWORK, f"{what}: that took too long, see --timeout")
    value, error = outcome[0]
    if error is not None:
        raise error
    return value  # type: ignore[return-value]  # there is one if there is no error
