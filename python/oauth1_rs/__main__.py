"""The command `oauth1-rs`, also `python -m oauth1_rs`."""

from __future__ import annotations

import os
import sys

EXTRA = {"click", "rich"}


def main() -> None:
    """Run the command, and exit with its code: docs/cli.md lists them."""
    try:
        from oauth1_rs._cli.commands import run  # noqa: PLC0415 - needs what may be missing
        from oauth1_rs._cli.terminal import left_behind  # noqa: PLC0415 - as above
    except ModuleNotFoundError as error:
        if error.name not in EXTRA:
            raise
        sys.stderr.write(
            f"oauth1-rs: {error.name} is missing. Install what the command needs: "
            'pip install "oauth1-rs[cli]"\n'
        )
        sys.exit(2)
    code = run()
    if left_behind:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    sys.exit(code)


if __name__ == "__main__":
    main()
