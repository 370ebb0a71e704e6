"""The command itself: its parts, and how its errors end."""

from __future__ import annotations

import errno
import os
import sys
import warnings
from typing import Any, TextIO

import click
import requests

from oauth1_rs import TokenError
from oauth1_rs._cli.keeping import login_command, profiles_group, providers_command
from oauth1_rs._cli.signing import (
    curl_command,
    diff_command,
    explain_command,
    request_command,
    sign_command,
)
from oauth1_rs._cli.terminal import INTERRUPTED, NETWORK, PIPE_CLOSED, REFUSED, USAGE, say

EPILOG = """\b
Exit codes:
  0    done
  1    refused: by the provider, the user or the server; `diff` found something
  2    the command or its settings cannot be used
  3    nobody answered, or not in time
  4    there are no credentials, they cannot be read, or the input ended
  130  interrupted
  141  nobody reads standard output any more

Secrets are never arguments: they come from a profile, the environment, --secrets-fd, or are asked
for.
"""


class Main(click.Group):
    """Ends the output while errors of it can still be told: a full disk, a pipe that is closed."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command, and write all that it has left to write."""
        try:
            code = super().invoke(ctx)
            sys.stdout.flush()
        except BrokenPipeError:  # of which click itself would make "refused"
            sys.stdout = _nowhere()
            return PIPE_CLOSED
        except OSError as error:
            if error.errno == errno.ENOSPC:
                sys.stdout = _nowhere()  # Python would say it once more
            raise
        return code


@click.group(cls=Main, epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="oauth1-rs", prog_name="oauth1-rs")
def main() -> None:
    """OAuth 1.0a: log in to providers, and sign requests (RFC 5849)."""


for part in (
    login_command,
    request_command,
    sign_command,
    curl_command,
    explain_command,
    diff_command,
    profiles_group,
    providers_command,
):
    main.add_command(part)


def run() -> int:
    """Run the command, and return its exit code."""
    # A shell can close them; Python has ``None`` then.
    sys.stdin = sys.stdin or open(os.devnull)  # noqa: SIM115, PTH123 - open to the end
    sys.stdout = sys.stdout or _nowhere()
    sys.stderr = sys.stderr or _nowhere()
    # Python's warnings are for programmers; what they say here is for whoever typed the command.
    warnings.showwarning = lambda message, *_: say(f"Warning: {message}", "yellow")
    code: int | None
    try:
        code = main.main(prog_name="oauth1-rs", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except (click.Abort, KeyboardInterrupt):
        # After the question, or what the terminal shows of Ctrl-C.
        say("\nInterrupted." if sys.stderr.isatty() else "Interrupted.")
        code = INTERRUPTED
    except TokenError as error:
        say(f"Error: {error}", "red")
        code = REFUSED
    except requests.RequestException as error:
        say(f"Error: {_reason(error)}", "red")
        code = USAGE if isinstance(error, ValueError) else NETWORK
    except (OSError, ValueError, OverflowError) as error:
        # Also a header that is no Latin-1, a time that no clock knows, a disk that is full.
        say(f"Error: {error}", "red")
        code = USAGE
    return code or 0


def _nowhere() -> TextIO:
    return open(os.devnull, "w")  # noqa: PTH123 - open to the end


def _reason(error: requests.RequestException) -> str:
    """Return what failed. The text of requests has the URL, in which a signature may be."""
    cause: BaseException = error
    while (deeper := cause.__cause__ or cause.__context__ or _first(cause.args)) is not None:
        cause = deeper
    reason = "" if cause is error or "?" in str(cause) else f": {cause}"
    kinds = {
        requests.exceptions.SSLError: "the connection is not safe",
        requests.exceptions.ProxyError: "the proxy did not do it",
        requests.exceptions.Timeout: "the server did not answer in time",
        requests.exceptions.ConnectionError: "the server cannot be reached",
        requests.exceptions.TooManyRedirects: "the server redirects without end",
        requests.exceptions.MissingSchema: "the URL must begin with http:// or https://",
        requests.exceptions.InvalidSchema: "the URL must begin with http:// or https://",
        requests.exceptions.InvalidURL: "the URL cannot be used",
        requests.exceptions.InvalidHeader: "a header cannot be used",
    }
    found = (text for kind, text in kinds.items() if isinstance(error, kind))
    return next(found, "the answer broke off") + reason


def _first(values: tuple[object, ...]) -> BaseException | None:
    reasons = (getattr(value, "reason", value) for value in values)
    return next((it for it in reasons if isinstance(it, BaseException)), None)
