"""What a signature covers, as a person reads it: `src/explain.rs` computes it. No secret is shown.

Loaded when somebody asks for an explanation: signing needs nothing of it.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from oauth1_rs._exact import Exact, Pair, base64_length, setting_text, text_of
from oauth1_rs._masking import MASK, Secrets, printable, shown_base_string, shown_sent, shown_uri
from oauth1_rs._notes import notes
from oauth1_rs.exceptions import OAuth1Error

if TYPE_CHECKING:
    from collections.abc import Iterator

    from oauth1_rs._difference import Difference
    from oauth1_rs._native import Client

# What is no MAC may be the secrets, as with PLAINTEXT. In bytes; RSA's are as long as the key.
_MAC_LENGTHS = {"HMAC-SHA1": 20, "HMAC-SHA256": 32, "HMAC-SHA512": 64}
_MIN_RSA_LENGTH = 128


@dataclass(frozen=True)
class Parameter:
    r"""A parameter that is signed (RFC 5849 section 3.4.1.3).

    Attributes
    ----------
    source : str
        "oauth" for a protocol parameter, wherever it travels; "body hash" for the one of them that
        covers the body; "query"; or "form".
    name, value : str
        Decoded. Bytes that are no UTF-8 are shown as ``\xe9``.
    encoded_name, encoded_value : str
        As they are sorted and joined (section 3.4.1.3.2). In the base string they are encoded once
        more.
    is_secret : bool
        Whether ``value`` and ``encoded_value`` are masked.
    """

    source: str
    name: str
    value: str
    encoded_name: str
    encoded_value: str
    is_secret: bool


class Explanation:
    """What the signature of a request covers, and what comes of it.

    ``str`` of it is a text to read, ``to_dict`` the same for JSON, and rich prints it in colour.
    None of them shows a secret; values that may be one are ``****``.

    Attributes
    ----------
    method : str
        As it is signed: in upper case.
    base_string_uri : str
        RFC 5849 section 3.4.1.2.
    parameters : tuple of Parameter
        In the order in which they are signed (section 3.4.1.3.2).
    base_string : str
        Section 3.4.1.1.
    base_string_is_exact : bool
        Whether that is the text that was signed: its MAC is then ``signature``. If not, the values
        of secret parameters in it are masked.
    signature_method : str
        Section 3.4.
    key : str
        What it is signed with, without any of it: ``client_secret (13 characters) &
        resource_owner_secret (absent)``.
    nonce, timestamp : str or None
        Section 3.3.
    signature : str
        ``oauth_signature``; masked if it is no MAC: with PLAINTEXT it is the secrets.
    signature_matches : bool
        Whether the client's settings give this signature.
    realm : str or None
        Section 3.5.1.
    placement : str
        "AUTH_HEADER", "QUERY" or "BODY".
    sent : str
        The value of the ``Authorization`` header, the URL, or the form, with the signature in it.
    was_signed : bool
        Whether the request had its signature already.
    notes : tuple of str
        What is easily overlooked in this request.
    """

    def __init__(self, exact: Exact) -> None:
        client, secrets = exact.client, Secrets(exact)
        self._exact: Exact | None = exact
        self.method = secrets.masked(exact.method.upper())
        self.base_string_uri = shown_uri(secrets, exact.base_string_uri)
        self.parameters = tuple(_parameter(secrets, pair) for pair in exact.pairs)
        self.base_string_is_exact = (self.method, self.base_string_uri) == (
            exact.method.upper(),
            exact.base_string_uri,
        ) and not any(it.is_secret for it in self.parameters)
        self.base_string = exact.base_string
        if not self.base_string_is_exact:
            pairs = ((it.encoded_name, it.encoded_value) for it in self.parameters)
            self.base_string = shown_base_string(self.method, self.base_string_uri, pairs)
        protocol = {it.name: it.value for it in self.parameters if it.source == "oauth"}
        self.signature_method = protocol.get("oauth_signature_method", "")
        found = client._reproduce(exact.base_string.encode(), exact.signature)
        self.signature_matches = found == (self.signature_method, None)
        # Whatever the request says: what is the secrets, or has one in it, is not shown.
        is_mac = _is_mac(self.signature_method, exact.signature)
        is_shown = is_mac and (found is None or found[0] != "PLAINTEXT")
        self.key = _key(client, self.signature_method, exact.private_key_bits)
        self.nonce = protocol.get("oauth_nonce")
        self.timestamp = protocol.get("oauth_timestamp")
        self.signature = secrets.masked(exact.signature) if is_shown else MASK
        self.realm = None if exact.realm is None else secrets.masked(exact.realm)
        self.placement = exact.placement
        self.sent = shown_sent(exact, secrets, self.signature)
        self.was_signed = exact.was_signed
        self.notes = tuple(notes(self, exact, secrets))

    def diff(self, other: str | bytes | Explanation) -> Difference:
        """Find the first thing that another side signs differently, and why.

        Parameters
        ----------
        other : str, bytes or Explanation
            What the other side signed: a text with its base string somewhere in it, such as a
            server's answer (``oauth_problem=signature_invalid&debug_sbs=...``) or a line of its
            log; the ``Authorization`` header of another tool; or a curl command.

        Returns
        -------
        Difference
            ``str`` of it is a text to read; ``cause`` names what it is.

        Raises
        ------
        OAuth1Error
            ``other`` is none of that, or this explanation is a copy, such as a pickled one.
        """
        from oauth1_rs._difference import difference  # noqa: PLC0415 - explaining needs it not

        theirs = other._kept() if isinstance(other, Explanation) else other
        return difference(self._kept(), theirs)

    def to_dict(self) -> dict[str, Any]:
        """Return all attributes as what JSON can hold."""
        attributes = {name: value for name, value in vars(self).items() if name != "_exact"}
        parameters = [asdict(parameter) for parameter in self.parameters]
        return {**attributes, "parameters": parameters, "notes": list(self.notes)}

    def __str__(self) -> str:
        return "\n".join(text for _, text in self._lines())

    def __repr__(self) -> str:
        return f"<Explanation of {self.method} {self.base_string_uri}>"

    def __rich_console__(self, console: Any, options: Any) -> Iterator[Any]:
        """Give rich the same text, with headings and the base string in colour."""
        del options
        for style, text in self._lines():
            yield console.render_str(text, style=style, markup=False, emoji=False, highlight=False)

    def __getstate__(self) -> dict[str, Any]:
        """Leave out what holds secrets."""
        return {**vars(self), "_exact": None}

    def _kept(self) -> Exact:
        if self._exact is None:
            raise OAuth1Error("an explanation is a copy, without what diff compares: explain again")
        return self._exact

    def _lines(self) -> Iterator[tuple[str, str]]:
        """Yield lines, each with the style that rich gives it."""
        for style, text in self._texts():
            yield style, printable(text)

    def _texts(self) -> Iterator[tuple[str, str]]:
        heading, plain = "bold", ""
        yield heading, f"{self.method} {self.base_string_uri}"
        yield heading, "Parameters, as they are sorted and signed"
        width = max((len(it.source) for it in self.parameters), default=0)
        for it in self.parameters:
            encoded = f"{it.encoded_name}={it.encoded_value}"
            decoded = f"{it.name} = {it.value}"
            suffix = "" if encoded == f"{it.name}={it.value}" else f"    encoded: {encoded}"
            yield plain, f"  {it.source:{width}}  {decoded}{suffix}"
        exact = "" if self.base_string_is_exact else ", with secrets masked"
        yield heading, f"Base string{exact}"
        yield "green", f"  {self.base_string}"
        yield heading, f"Signature by {self.signature_method}"
        yield plain, f"  key        {self.key}"
        yield plain, f"  nonce      {self.nonce}"
        yield plain, f"  timestamp  {self.timestamp}"
        yield plain, f"  signature  {self.signature}"
        where = {"AUTH_HEADER": "the Authorization header", "QUERY": "the URL", "BODY": "the form"}
        yield heading, f"Sent in {where[self.placement]}"
        header = "Authorization: " if self.placement == "AUTH_HEADER" else ""
        yield plain, f"  {header}{self.sent}"
        yield heading, "Notes"
        for note in self.notes:
            yield plain, f"  - {note}"


def explanation(
    pairs: list[tuple[str, bytes, bytes, tuple[bytes, bytes]]], **rest: Any
) -> Explanation:
    """Make an `Explanation` of what `src/python/explain.rs` found."""
    return Explanation(Exact(pairs=[Pair(*pair) for pair in pairs], **rest))


def _is_mac(signature_method: str, signature: str) -> bool:
    """Whether a text is as long as what a method gives."""
    length = base64_length(signature)
    if length is None:
        return False
    if signature_method.startswith("RSA-"):
        return length >= _MIN_RSA_LENGTH
    return length == _MAC_LENGTHS.get(signature_method)


def _parameter(secrets: Secrets, pair: Pair) -> Parameter:
    name, value = text_of(pair.name), text_of(pair.value)
    is_name_hidden, is_value_hidden = secrets.hide(name, value)
    encoded_name, encoded_value = map(text_of, pair.encoded)
    return Parameter(
        source="body hash" if pair[:2] == ("oauth", b"oauth_body_hash") else pair.source,
        name=MASK if is_name_hidden else name,
        value=MASK if is_value_hidden else value,
        encoded_name=MASK if is_name_hidden else encoded_name,
        encoded_value=MASK if is_value_hidden else encoded_value,
        is_secret=is_value_hidden,
    )


def _key(client: Client, method: str, private_key_bits: int | None) -> str:
    if method.startswith("RSA-"):
        return f"private key ({private_key_bits} bits)" if private_key_bits else "no private key"
    return " & ".join(
        f"{name} ({_size(getattr(client, name))})"
        for name in ("client_secret", "resource_owner_secret")
    )


def _size(secret: str | bytes | None) -> str:
    if secret is None:
        return "absent"
    return f"{len(setting_text(secret))} characters" if secret else "empty"
