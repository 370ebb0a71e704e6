"""What is known to disagree, and whether that is what was found."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from interop.matrix import Outcome
from interop.peers import PEERS, Peer


@dataclass(frozen=True)
class Disagreement:
    """What a peer does otherwise, for which it is wrong by RFC 5849 unless `open`."""

    requests: tuple[str, ...] | Literal["*"]
    section: str
    why: str
    methods: tuple[str, ...] | Literal["all", "signed"] = "signed"
    """`signed`: all but PLAINTEXT, whose signature is the same for every request."""
    placements: tuple[str, ...] | Literal["all"] = "all"
    open: bool = False
    """RFC 5849 does not say."""

    @property
    def is_general(self) -> bool:
        return self.requests == "*"

    def covers(self, outcome: Outcome) -> bool:
        is_method = {"all": True, "signed": outcome.method != "PLAINTEXT"}.get(
            str(self.methods), outcome.method in self.methods
        )
        is_placement = self.placements == "all" or outcome.placement in self.placements
        return (self.is_general or outcome.case in self.requests) and is_method and is_placement


def disagreements() -> dict[str, list[Disagreement]]:
    text = Path(__file__).with_name("disagreements.json").read_text()
    return {peer: [_made(known) for known in of_peer] for peer, of_peer in json.loads(text).items()}


def _made(known: dict[str, Any]) -> Disagreement:
    # A frozen class has no lists.
    fields: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in known.items()
    }
    return Disagreement(**fields)


def key_of(peer: Peer) -> str:
    return f"{peer.name} {peer.role}"


def surprises(found: Iterable[Outcome]) -> Iterator[str]:
    """Say what is not as expected: a peer that begins to agree is news, too."""
    known = disagreements()
    if strange := known.keys() - {key_of(peer) for peer in PEERS}:
        yield f"disagreements.json has peers that there are not: {sorted(strange)}"
    used: dict[tuple[str, int], set[str]] = defaultdict(set)
    for outcome in found:
        what = f"{key_of(outcome.peer)}: {outcome.case}, {outcome.method}, {outcome.placement}"
        of_peer = known.get(key_of(outcome.peer), [])
        covering = [index for index, one in enumerate(of_peer) if one.covers(outcome)]
        if outcome.agrees is None:
            continue
        if outcome.agrees and covering:
            yield f"agrees, though it should not: {what}"
        if not outcome.agrees and not covering:
            yield f"disagrees: {what}: {outcome.note}"
        for index in covering:
            used[key_of(outcome.peer), index] |= {outcome.case, outcome.method, outcome.placement}
    for peer, of_peer in known.items():
        for index, one in enumerate(of_peer):
            # Texts stand for all of a kind.
            told = (one.requests, one.methods, one.placements)
            named = {name for names in told if not isinstance(names, str) for name in names}
            seen = used[peer, index]
            if not seen or named - seen:
                yield f"{peer}, {one.why}: not seen with {sorted(named - seen) or 'anything'}"
