"""Run the matrix: `python -m interop`, which `make interop` does, or with `--write` the table."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from interop.expected import key_of, surprises
from interop.matrix import Outcome, outcomes
from interop.peers import PEERS
from interop.table import render, without_versions

TABLE = Path(__file__).parents[2] / "docs" / "interop.md"


def main() -> None:
    parser = argparse.ArgumentParser(prog="interop", description=__doc__)
    parser.add_argument("--write", action="store_true", help=f"write {TABLE.name}")
    arguments = parser.parse_args()
    found: list[Outcome] = []
    for peer in PEERS:
        begin = time.monotonic()
        of_peer = list(outcomes(peer))
        agreeing = sum(1 for outcome in of_peer if outcome.agrees)
        seconds = time.monotonic() - begin
        print(f"{key_of(peer):26} {agreeing:5} of {len(of_peer):5} agree, {seconds:4.1f} s")
        found += of_peer
    problems = list(surprises(found))
    table = render(found)
    if arguments.write:
        TABLE.parent.mkdir(exist_ok=True)
        TABLE.write_text(table)
    elif not TABLE.exists() or without_versions(TABLE.read_text()) != without_versions(table):
        problems.append(f"docs/{TABLE.name} is not what was found: make interop-table")
    for problem in problems:
        print(problem, file=sys.stderr)
    print(f"{len(found)} requests, {len(problems)} surprises")
    sys.exit(bool(problems))


if __name__ == "__main__":
    main()
