"""The outcome as Markdown: docs/interop.md."""

from __future__ import annotations

import html
import importlib.metadata
import json
import re
import string
import subprocess
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

from interop.cases import METHODS, PLACEMENTS, Case, load
from interop.expected import Disagreement, disagreements, key_of
from interop.matrix import Outcome
from interop.peers import PEERS, Peer

NPM = Path(__file__).parents[1] / "package.json"

INTRODUCTION = """\
<!-- Written by `make interop-table`; `make interop` fails if it is not what it finds. -->

# Interoperability

Other implementations of OAuth 1.0a against this one: {cases} requests, by every signature method
and in every placement that a peer has, {outcomes} in all. Whatever is signed here is accepted by
`tests/verifier.py`, which shares no code with any of them.

- A peer that *verifies* is sent requests that are signed here, as they are on the wire. Each that
  it accepts is sent twice more, each time with a nonce of its own: with another signature, and but
  for PLAINTEXT with a parameter that was not signed. Both must be refused, and not for the nonce.
  liboauth and Ruby's simple_oauth run in no server: they sign once more what they read of the
  request, and compare.
- A peer that *signs* is given the request, and the same signature and protocol parameters must
  come out here, with its nonce and timestamp.

✓ they agree; ✗ they do not, ◐ they do not by every method or in every placement, and the letter
says why; n/a the peer has no way to do this.
"""
NOT_HERE = """\
## Not here

| implementation | why |
|---|---|
| simple_oauth and oauth (Ruby), their newest versions | what runs here comes from Debian, npm and \
PyPI; Debian has the versions above |
| dghubble/oauth1 (Go) | likewise: Debian has no package of it |
| MediaWiki's OAuth extension, WordPress' OAuth1 plugin | in none of the three |
| PLAINTEXT in the query | refused here: URLs end up in logs |
"""


def without_versions(table: str) -> str:
    """Return `table` with the versions of the peers left out: every Debian has others."""
    return re.sub(r"(?m)^(\| [^|\n]+ \| )\d[^|\n,]*(, (?:Debian|npm|PyPI) \|)", r"\1*\2", table)


def render(found: Iterable[Outcome]) -> str:
    by_peer: dict[Peer, list[Outcome]] = defaultdict(list)
    for outcome in found:
        by_peer[outcome.peer].append(outcome)
    total = sum(len(outcomes) for outcomes in by_peer.values())
    sections = [
        INTRODUCTION.format(cases=len(load()), outcomes=f"{total:,}"),
        "## The peers\n\n" + _table(_peer_rows(by_peer)),
        "## Signed here, verified there\n\n" + _table(_matrix("verifies", by_peer)),
        "## Signed there, the same here\n\n" + _table(_matrix("signs", by_peer)),
        "## Who disagrees, and why\n\n" + "\n".join(_reasons()),
        NOT_HERE,
        "## The requests\n\n" + _table(_request_rows()),
    ]
    return "\n".join(section.rstrip("\n") + "\n" for section in sections)


def _table(rows: Iterable[list[str]]) -> str:
    head, *body = ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join([head, "|---" * (head.count(" | ") + 1) + "|", *body])


def _peer_rows(by_peer: dict[Peer, list[Outcome]]) -> Iterator[list[str]]:
    yield ["peer", "version, from", "", "methods", "placements", "compared", "agree"]
    for peer, outcomes in by_peer.items():
        compared = [outcome for outcome in outcomes if outcome.agrees is not None]
        agreeing = sum(1 for outcome in compared if outcome.agrees)
        yield [
            peer.title,
            f"{_version(peer)}, {peer.origin}",
            peer.role,
            "all seven" if peer.methods == METHODS else ", ".join(peer.methods),
            ", ".join(PLACEMENTS[placement] for placement in peer.placements),
            f"{len(compared):,}",
            f"{agreeing:,}",
        ]


def _version(peer: Peer) -> str:
    if peer.origin == "PyPI":
        return importlib.metadata.version(peer.package)
    if peer.origin == "npm":
        version: str = json.loads(NPM.read_text())["dependencies"][peer.package]
        return version
    command = ["dpkg-query", "--show", "--showformat=${source:Upstream-Version}", peer.package]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def _matrix(role: str, by_peer: dict[Peer, list[Outcome]]) -> Iterator[list[str]]:
    peers = [peer for peer in PEERS if peer.role == role]
    yield ["request", "section", *(peer.title for peer in peers)]
    for case in load():
        cells = [_cell(case, peer, by_peer[peer]) for peer in peers]
        yield [_escaped(case.name), case.section, *cells]


def _cell(case: Case, peer: Peer, outcomes: list[Outcome]) -> str:
    known = _lettered(peer)
    # What is so for all requests is said once, below the tables.
    general = [one for _, one in known if one.is_general]
    of_case = [
        outcome
        for outcome in outcomes
        if outcome.case == case.name and not any(one.covers(outcome) for one in general)
    ]
    differing = [outcome for outcome in of_case if outcome.agrees is False]
    if not differing:
        return "✓" if any(outcome.agrees for outcome in of_case) else "n/a"
    letters = [letter for letter, one in known if any(map(one.covers, differing))]
    # PLAINTEXT is the same for every request: it says nothing of how this one is read.
    is_partly = any(outcome.agrees for outcome in of_case if outcome.method != "PLAINTEXT")
    return f"{'◐' if is_partly else '✗'} {' '.join(letters)}"


def _lettered(peer: Peer) -> list[tuple[str, Disagreement]]:
    known = disagreements().get(key_of(peer), [])
    return list(zip(string.ascii_lowercase[: len(known)], known, strict=True))


def _reasons() -> Iterator[str]:
    yield "By RFC 5849 the peer is wrong, unless the RFC leaves the matter open.\n"
    for peer in PEERS:
        yield f"### {peer.title} ({peer.role})\n"
        for letter, one in _lettered(peer):
            limits = ["all requests"] if one.is_general else []
            if isinstance(one.methods, tuple):
                limits.append(f"{' and '.join(one.methods)} only")
            if isinstance(one.placements, tuple):
                names = [PLACEMENTS[placement] for placement in one.placements]
                limits.append(f"{' and '.join(names)} only")
            where = "; ".join([f"section {one.section}", *limits])
            verdict = "; the RFC leaves it open" if one.open else ""
            yield f"- **{letter}** ({where}): {one.why}{verdict}."
        yield ""


def _request_rows() -> Iterator[list[str]]:
    yield ["request", "section", "method and URL", "body", "more"]
    defaults = Case("", "", "")
    for case in load():
        differing = [
            f"{name} {_code(json.dumps(getattr(case, name), ensure_ascii=False))}"
            for name in ["client", "token", "callback", "verifier", "realm", "content_type"]
            if getattr(case, name) != getattr(defaults, name)
        ]
        body = case.body if case.form is None else case.form
        yield [
            _escaped(case.name),
            case.section,
            f"{case.method} {_code(case.url)}",
            _code(body) if body else "",
            ", ".join(differing),
        ]


def _escaped(text: str) -> str:
    # Markdown's own characters, and the one that ends a cell.
    escaped = html.escape(text, quote=False)
    return "".join(f"&#{ord(one)};" if one in "|*_`[]~^\\" else one for one in escaped)


def _code(text: str) -> str:
    return f"<code>{_escaped(text)}</code>"
