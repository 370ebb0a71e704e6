"""Every request, by every method, in every placement, to and from a peer."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from interop.cases import Case, Signed, load, placements, received, sign
from interop.peers import Ask, Peer, Refusal, authorization_by_program, program, verifier


@dataclass(frozen=True)
class Outcome:
    """What came of one request. `agrees` is None where the peer has no way to do it."""

    peer: Peer
    case: str
    method: str
    placement: str
    agrees: bool | None
    note: str = ""


# What says nothing of a signature: a peer that breaks, and how those that remember nonces say that
# one came twice.
NO_VERDICT = re.compile(r"5\d\d |no answer|.*(?:nonce_used|nonce was used|InvalidNonce)", re.DOTALL)


class WrongError(Exception):
    """What may not be, whatever a peer's peculiarities."""


def outcomes(peer: Peer) -> Iterator[Outcome]:
    if peer.role == "verifies":
        with verifier(peer) as refusal:
            for case, method in _combinations(peer):
                yield from _they_verify(peer, refusal, case, method)
    else:
        with program(peer.name) as ask:
            for case, method in _combinations(peer):
                yield from _they_sign(peer, ask, case, method)


def _combinations(peer: Peer) -> Iterator[tuple[Case, str]]:
    for given in load():
        if case := peer.fitted(given):
            yield from ((case, method) for method in peer.methods)


def _they_verify(peer: Peer, refusal: Refusal, case: Case, method: str) -> Iterator[Outcome]:
    for placement in placements(case, method):
        if placement not in peer.placements:
            continue
        reason = refusal(_judged(sign(case, method, placement)))
        if not reason:
            for tamper in TAMPERED_COPIES[:1] if method == "PLAINTEXT" else TAMPERED_COPIES:
                # Each with a nonce of its own: one that is known is refused whatever is signed.
                tampered = tamper(sign(case, method, placement))
                refused = refusal(tampered)
                if tampered.verdict().accepted or not refused or NO_VERDICT.match(refused):
                    raise WrongError(f"{peer.name}, tampered with: {refused!r}: {tampered}")
        yield Outcome(peer, case.name, method, placement, not reason, reason)


def _judged(signed: Signed) -> Signed:
    verdict = signed.verdict()
    if not verdict.accepted:
        raise WrongError(f"this library signs wrongly: {verdict.reason}: {signed}")
    return signed


def _with_another_signature(signed: Signed) -> Signed:
    wire = signed.wire
    mark = b"oauth_signature="
    header = signed.headers.get("Authorization")
    if header is not None:
        headers = {**signed.headers, "Authorization": _changed(header, 'oauth_signature="')}
        return replace(signed, wire=replace(wire, headers=headers))
    if mark in wire.body:
        body = _changed(wire.body.decode(), mark.decode()).encode()
        return replace(signed, wire=replace(wire, body=body))
    target = _changed(wire.target.decode(), mark.decode()).encode()
    return replace(signed, wire=replace(wire, target=target))


def _with_another_parameter(signed: Signed) -> Signed:
    wire = signed.wire
    separator = b"&" if b"?" in wire.target else b"?"
    return replace(signed, wire=replace(wire, target=wire.target + separator + b"added=1"))


# PLAINTEXT, which protects nothing but the secrets, has the first alone.
TAMPERED_COPIES: list[Callable[[Signed], Signed]] = [
    _with_another_signature,
    _with_another_parameter,
]


def _changed(text: str, mark: str) -> str:
    before, mark, signature = text.partition(mark)
    return before + mark + ("B" if signature[0] == "A" else "A") + signature[1:]


def _they_sign(peer: Peer, ask: Ask, case: Case, method: str) -> Iterator[Outcome]:
    answer = authorization_by_program(ask, case, method)
    theirs = received(case, method, answer.get("authorization", ""))
    verdict = theirs.verdict()
    for placement in placements(case, method):
        ours = _judged(_sign_as(verdict.parameters, case, method, placement)).verdict()
        agrees = ours.parameters == verdict.parameters
        signature = b"oauth_signature"
        if verdict.accepted and verdict.parameters[signature] != ours.parameters[signature]:
            raise WrongError(f"{peer.name} signs rightly, but something else: {theirs}")
        yield Outcome(
            peer,
            case.name,
            method,
            placement,
            None if "unsupported" in answer else agrees,
            answer.get("unsupported") or answer.get("error") or verdict.reason,
        )


def _sign_as(theirs: dict[bytes, bytes], case: Case, method: str, placement: str) -> Signed:
    """Sign with the nonce and the timestamp of another, and with the parameters that it has."""
    given = {name.decode(): value.decode() for name, value in theirs.items()}
    optional = ["oauth_nonce", "oauth_timestamp", "oauth_version"]
    return sign(
        case,
        method,
        placement,
        nonce=given.get("oauth_nonce"),
        timestamp=given.get("oauth_timestamp"),
        body_hash="sha1" if "oauth_body_hash" in given else None,
        protocol_parameters={name: None for name in optional if given and name not in given},
    )
