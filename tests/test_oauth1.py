"""`OAuth1` as requests-oauthlib's users know it: arguments, attributes, subclasses, clients."""

from __future__ import annotations

import copy
import gc
import inspect
import pickle
import subprocess
import sys
import weakref
from collections.abc import Callable
from typing import Any, ClassVar

import oauthlib.oauth1
import pytest
import requests
import requests_oauthlib
from oauth1_rs import Client, OAuth1, OAuth1Error, OAuth1TypeError
from verifier import WireRequest, parse_authorization, verify

URL = "http://example.com/path?b=2&a=1"
POSITIONAL = (
    "client_key",
    "client_secret",
    "resource_owner_key",
    "resource_owner_secret",
    "callback_uri",
    "signature_method",
    "signature_type",
    "rsa_key",
    "verifier",
    "decoding",
    "client_class",
    "force_include_body",
)


def prepare(
    auth: Callable[[requests.PreparedRequest], requests.PreparedRequest],
    method: str = "GET",
    url: str = URL,
    **arguments: Any,
) -> requests.PreparedRequest:
    return requests.Request(method, url, auth=auth, **arguments).prepare()


def accepted(request: requests.PreparedRequest, client_secret: str, token_secret: str = "") -> bool:
    assert request.method is not None
    assert request.url is not None
    assert request.body is None or isinstance(request.body, str | bytes)
    wire = WireRequest.from_url(request.method, request.url, request.headers, request.body)
    return verify(wire, client_secret, token_secret).accepted


def protocol_parameters(request: requests.PreparedRequest) -> dict[str, str]:
    _, parameters = parse_authorization(str(request.headers["Authorization"]))
    return {name.decode(): value.decode() for name, value in parameters}


def test_positional_parameters_are_the_peers() -> None:
    assert tuple(inspect.signature(OAuth1).parameters)[:12] == POSITIONAL
    peer = inspect.signature(requests_oauthlib.OAuth1.__init__).parameters
    assert tuple(peer)[1:13] == POSITIONAL
    auth = OAuth1("ck", "cs", "tk", "ts", "http://cb", "HMAC-SHA256", "query", None, "v", None)
    assert auth.client.callback_uri == "http://cb"
    assert auth.client.signature_method == "HMAC-SHA256"
    assert auth.client.signature_type == "QUERY"
    assert auth.client.verifier == "v"


def test_positional_parameters_of_the_client_are_oauthlibs() -> None:
    names = tuple(inspect.signature(Client).parameters)
    assert names[:14] == tuple(inspect.signature(oauthlib.oauth1.Client).parameters)


def test_protocol_parameters_are_sent_in_the_peers_order() -> None:
    auth = OAuth1("ck", "cs", "tk", "ts", callback_uri="oob", verifier="v", realm="Photos")
    header = prepare(auth).headers["Authorization"]
    realm, parameters = parse_authorization(str(header))
    assert realm == "Photos"
    assert [name.decode() for name, _ in parameters] == [
        "oauth_nonce",
        "oauth_timestamp",
        "oauth_version",
        "oauth_signature_method",
        "oauth_consumer_key",
        "oauth_token",
        "oauth_callback",
        "oauth_verifier",
        "oauth_signature",
    ]


def test_only_the_authorization_header_is_set() -> None:
    headers: dict[str, str | bytes] = {
        "Accept": "text/plain",
        "X-Bytes": b"bytes",
        "Authorization": "Basic old",
    }
    request = requests.Request("GET", URL, headers=headers).prepare()
    before = dict(request.headers)
    OAuth1("ck", "cs")(request)
    after = dict(request.headers)
    assert str(after.pop("Authorization")).startswith("OAuth ")
    before.pop("Authorization")
    assert after.keys() == before.keys()
    assert all(after[name] is before[name] for name in before)


@pytest.mark.parametrize("placement", ["AUTH_HEADER", "QUERY", "BODY"])
def test_a_signature_takes_the_place_of_the_one_before(placement: str) -> None:
    """As a hook needs that sends a refused request once more, or a copy of it."""
    auth = OAuth1("ck", "cs", signature_type=placement)
    request = prepare(auth, "POST", data={"a": "1"})
    for _ in range(2):
        before = request.url, request.body, request.headers.get("Authorization")
        request = auth(request.copy())
        assert (request.url, request.body, request.headers.get("Authorization")) != before
        assert accepted(request, "cs")
        assert isinstance(request.body, str | bytes)
        assert request.headers["Content-Length"] == str(len(request.body))


@pytest.mark.parametrize(("placement", "other"), [("QUERY", "BODY"), ("BODY", "QUERY")])
def test_a_signature_takes_the_place_of_one_elsewhere(placement: str, other: str) -> None:
    request = prepare(OAuth1("ck", "cs", signature_type=placement), "POST", data={"a": "1"})
    request = OAuth1("other", "cs", signature_type=other)(request)
    assert accepted(request, "cs")
    assert "oauth_" not in str(request.body if placement == "BODY" else request.url)
    assert isinstance(request.body, str | bytes)
    assert request.headers["Content-Length"] == str(len(request.body))


def test_a_signature_in_the_place_of_one_in_an_empty_form_leaves_no_length() -> None:
    request = prepare(OAuth1("ck", "cs", signature_type="BODY"), "POST")
    request = OAuth1("ck", "cs", signature_type="QUERY")(request)
    assert (request.body, request.headers["Content-Length"]) == (None, "0")


def test_the_same_request_can_be_signed_again() -> None:
    auth = OAuth1("ck", "cs")
    request = prepare(auth)
    first = request.headers["Authorization"]
    auth(request)
    assert request.headers["Authorization"] != first
    assert accepted(request, "cs")


def test_decoding_gives_the_peers_header_types() -> None:
    data = {"a": "é"}
    ours = prepare(OAuth1("ck", "cs", decoding="utf-8"), "POST", data=data)
    peer = prepare(requests_oauthlib.OAuth1("ck", "cs"), "POST", data=data)
    assert {name: type(value) for name, value in ours.headers.items()} == {
        name: type(value) for name, value in peer.headers.items()
    }
    assert type(ours.body) is type(peer.body)
    assert type(ours.url) is str


@pytest.mark.parametrize("host", ["override.example:8080", b"override.example:8080"])
def test_a_host_header_counts_in_place_of_the_urls_host(host: str | bytes) -> None:
    request = prepare(OAuth1("ck", "cs"), headers={"Host": host})
    assert accepted(request, "cs")
    del request.headers["Host"]
    assert not accepted(request, "cs")


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com",
        "http://example.com:80/?q=1",
        "https://example.com:443/",
        "https://EXAMPLE.com:8443/Path;v=1//%2F%2f%25?x=%7E~",
        "http://user:password@example.com/",
        "http://[::1]:8080/",
        "http://[2001:DB8:0:0:0:0:0:1]/",
        "http://bücher.example/ä ö?ü=ß#fragment",
    ],
)
def test_urls_are_signed_as_requests_sends_them(url: str) -> None:
    request = prepare(OAuth1("ck", "cs"), url=url)
    prepared = requests.Request("GET", url).prepare()
    assert request.url == prepared.url
    assert accepted(request, "cs")


def test_attributes_of_the_client_take_effect_at_the_next_signature() -> None:
    auth = OAuth1("ck", "cs")
    auth.client.client_key = "other key"
    auth.client.client_secret = "other secret"
    auth.client.resource_owner_key = "token"
    auth.client.resource_owner_secret = "token secret"
    auth.client.callback_uri = "oob"
    auth.client.verifier = "verifier"
    auth.client.signature_method = "HMAC-SHA512"
    auth.client.nonce = "nonce"
    auth.client.timestamp = "1"
    auth.client.realm = "Realm"
    request = prepare(auth)
    assert accepted(request, "other secret", "token secret")
    parameters = protocol_parameters(request)
    parameters.pop("oauth_signature")
    assert parameters == {
        "oauth_nonce": "nonce",
        "oauth_timestamp": "1",
        "oauth_version": "1.0",
        "oauth_signature_method": "HMAC-SHA512",
        "oauth_consumer_key": "other key",
        "oauth_token": "token",
        "oauth_callback": "oob",
        "oauth_verifier": "verifier",
    }
    for name in ["callback_uri", "verifier", "nonce", "timestamp", "realm"]:
        delattr(auth.client, name)
        assert getattr(auth.client, name) is None
    request = prepare(auth)
    assert "oauth_callback" not in protocol_parameters(request)
    assert accepted(request, "other secret", "token secret")


def test_bytes_are_text_in_the_given_encoding() -> None:
    auth = OAuth1(b"cl\xe9", b"s\xe9cret", encoding="latin-1")
    assert auth.client.client_key == "clé"
    request = prepare(auth)
    assert protocol_parameters(request)["oauth_consumer_key"] == "clé"
    assert accepted(request, "sécret")
    auth.client.client_secret = b"\xe9"
    assert accepted(prepare(auth), "é")


def test_nonce_and_timestamp_can_be_fixed_or_called() -> None:
    numbers = iter(range(10))
    auth = OAuth1("ck", nonce=lambda: f"n{next(numbers)}", timestamp=lambda: 1000 + next(numbers))
    first, second = protocol_parameters(prepare(auth)), protocol_parameters(prepare(auth))
    assert (first["oauth_nonce"], first["oauth_timestamp"]) == ("n0", "1001")
    assert (second["oauth_nonce"], second["oauth_timestamp"]) == ("n2", "1003")


def test_timestamp_offset_moves_the_clock() -> None:
    auth = OAuth1("ck")
    now = int(protocol_parameters(prepare(auth))["oauth_timestamp"])
    auth.client.timestamp_offset = -3600
    then = int(protocol_parameters(prepare(auth))["oauth_timestamp"])
    assert 3590 <= now - then <= 3600


def test_protocol_parameters_are_added_replaced_and_removed() -> None:
    auth = OAuth1(
        "ck",
        "cs",
        protocol_parameters={
            "oauth_version": None,
            "oauth_session_handle": "a b",
            "oauth_verifier": "",
        },
    )
    request = prepare(auth)
    parameters = protocol_parameters(request)
    assert "oauth_version" not in parameters
    assert parameters["oauth_session_handle"] == "a b"
    assert parameters["oauth_verifier"] == ""
    assert accepted(request, "cs")


def test_an_empty_token_is_sent_and_signed() -> None:
    request = prepare(OAuth1("ck", "cs", resource_owner_key=""))
    assert protocol_parameters(request)["oauth_token"] == ""
    assert accepted(request, "cs")


def test_an_empty_realm_is_sent() -> None:
    header = prepare(OAuth1("ck", realm="")).headers["Authorization"]
    assert str(header).startswith('OAuth realm="", oauth_nonce=')


@pytest.mark.parametrize("argument", ["callback_uri", "verifier"])
def test_an_empty_callback_or_verifier_is_none(argument: str) -> None:
    auth = OAuth1("ck")
    setattr(auth.client, argument, "")
    assert "oauth_callback" not in protocol_parameters(prepare(auth))
    assert "oauth_verifier" not in protocol_parameters(prepare(auth))


def test_subclasses_may_have_any_constructor() -> None:
    class Configured(OAuth1):
        def __init__(self, settings: dict[str, str], *, note: str) -> None:
            super().__init__(settings["key"], client_secret=settings["secret"])
            self.note = note

    auth = Configured({"key": "ck", "secret": "cs"}, note="mine")
    assert accepted(prepare(auth), "cs")
    assert auth.note == "mine"


def test_a_subclass_that_forgets_the_constructor_is_told() -> None:
    class Forgetful(OAuth1):
        def __init__(self) -> None:
            pass

    with pytest.raises(AttributeError, match=r"OAuth1\.__init__ was not called"):
        prepare(Forgetful())


class Recording(oauthlib.oauth1.Client):  # type: ignore[misc]  # oauthlib has no types
    """A client as users write them for requests-oauthlib."""

    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        super().__init__(*arguments, **keywords)
        self.calls: list[tuple[Any, ...]] = []

    def get_oauth_params(self, request: Any) -> list[tuple[str, str]]:
        return [*super().get_oauth_params(request), ("oauth_custom", "yes")]

    def sign(
        self,
        uri: str,
        http_method: str = "GET",
        body: Any = None,
        headers: Any = None,
        realm: str | None = None,
    ) -> Any:
        self.calls.append((uri, http_method, body, dict(headers)))
        return super().sign(uri, http_method, body, headers, realm)


@pytest.mark.parametrize("how", ["argument", "attribute", "subclass"])
def test_a_client_class_of_oauthlibs_is_honoured(how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if how == "argument":
        auth = OAuth1("ck", "cs", client_class=Recording)
    elif how == "attribute":
        monkeypatch.setattr(OAuth1, "client_class", Recording)
        auth = OAuth1("ck", "cs")
    else:

        class Subclass(OAuth1):
            client_class = Recording

        auth = Subclass("ck", "cs")
    assert type(auth.client) is Recording
    request = prepare(auth, "POST", data={"a": "1"})
    assert auth.client.calls[0][:3] == (URL, "POST", "a=1")
    assert protocol_parameters(request)["oauth_custom"] == "yes"
    assert accepted(request, "cs")
    request = prepare(auth, "POST", json={"a": 1})
    assert auth.client.calls[1][:3] == (URL, "POST", None)
    assert request.body == b'{"a": 1}'
    assert accepted(request, "cs")


def test_a_client_of_oauthlibs_gets_the_body_when_it_is_forced() -> None:
    auth = OAuth1("ck", "cs", client_class=Recording, force_include_body=True)
    request = prepare(auth, "POST", json={"a": 1})
    assert auth.client.calls[0][2] == b'{"a": 1}'
    assert "oauth_body_hash" in protocol_parameters(request)


def test_a_client_of_oauthlibs_signs_forms_whatever_their_charset() -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded; charset=UTF-8"}
    auth = OAuth1("ck", "cs", client_class=Recording)
    request = prepare(auth, "POST", data="a=1", headers=headers)
    assert request.headers["Content-Type"] == headers["Content-Type"]
    assert accepted(request, "cs")


@pytest.mark.parametrize("client_class", [oauthlib.oauth1.Client, None])
@pytest.mark.parametrize("signature_type", ["AUTH_HEADER", "QUERY", "BODY"])
def test_clients_of_every_class_sign_in_every_place(
    client_class: type | None, signature_type: str
) -> None:
    auth = OAuth1("ck", "cs", signature_type=signature_type, client_class=client_class)
    request = prepare(auth, "POST", data={"a": "1"})
    assert accepted(request, "cs")
    assert (
        "Authorization" in request.headers,
        "oauth_" in str(request.url),
        "oauth_" in str(request.body),
    ) == (signature_type == "AUTH_HEADER", signature_type == "QUERY", signature_type == "BODY")


def test_an_overridden_sign_of_our_client_is_called() -> None:
    class Upper(Client):
        def sign(self, uri: Any, *arguments: Any, **keywords: Any) -> Any:
            return super().sign(uri.replace("/path", "/PATH"), *arguments, **keywords)

    request = prepare(OAuth1("ck", "cs", client_class=Upper))
    assert request.url == URL.replace("/path", "/PATH")
    assert accepted(request, "cs")


@pytest.mark.parametrize("hook", ["get_oauth_params", "get_oauth_signature"])
def test_overrides_that_would_never_be_called_are_refused(hook: str) -> None:
    with pytest.raises(TypeError, match=f"{hook}.*client_class="):
        type("Custom", (Client,), {hook: lambda *_: None})


def test_a_subclass_of_our_client_takes_class_keywords() -> None:
    class Parent(Client):
        def __init_subclass__(cls, *, label: str, **keywords: Any) -> None:
            super().__init_subclass__(**keywords)
            cls.label = label

        label: str

    class Child(Parent, label="x"):
        pass

    assert Child.label == "x"


def test_the_client_can_be_replaced() -> None:
    auth = OAuth1("ck", "cs")
    auth.client = Client("other", "secret")
    assert accepted(prepare(auth), "secret")


class Labelled(OAuth1):
    """A subclass with a state of its own, to be pickled."""

    def __init__(self, key: str, label: str) -> None:
        super().__init__(key, "cs", "tk", "ts", realm="r", body_hash="sha1")
        self.label = label


@pytest.mark.parametrize(
    "duplicate",
    [lambda auth: pickle.loads(pickle.dumps(auth)), copy.deepcopy, copy.copy],
    ids=["pickle", "deepcopy", "copy"],
)
def test_copies_sign_alike(duplicate: Callable[[OAuth1], OAuth1]) -> None:
    for auth in (OAuth1("ck", "cs", "tk", "ts", nonce="n", timestamp=1), Labelled("ck", "mine")):
        twin = duplicate(auth)
        assert type(twin) is type(auth)
        assert repr(twin) == repr(auth)
        assert getattr(twin, "label", None) == getattr(auth, "label", None)
        assert accepted(prepare(twin), "cs", "ts")


def test_a_deep_copy_has_its_own_credentials() -> None:
    auth = OAuth1("ck", "cs")
    twin = copy.deepcopy(auth)
    twin.client.client_key = "other"
    assert auth.client.client_key == "ck"


def test_weak_references_and_identity() -> None:
    auth = OAuth1("ck")
    assert weakref.ref(auth)() is auth
    assert weakref.ref(auth.client)() is auth.client
    assert len({auth, OAuth1("ck")}) == 2


def test_cycles_through_callables_are_collected() -> None:
    class Holder:
        auth: OAuth1

        def nonce(self) -> str:
            return "n"

    holder = Holder()
    holder.auth = OAuth1("ck", nonce=holder.nonce)
    reference = weakref.ref(holder)
    del holder
    gc.collect()
    assert reference() is None


def test_a_copy_has_references_of_its_own() -> None:
    """The collector must not take for garbage what somebody still has."""

    class Nonce:
        def __call__(self) -> str:
            return self.prefix

        prefix = "n"

    nonce = Nonce()
    nonce.prefix = "prefix"
    client = Client("k", "s", nonce=nonce)
    cycle: list[Any] = [client, copy.copy(client), copy.copy(OAuth1("k", "s", nonce=nonce))]
    cycle.append(cycle)
    del client, cycle
    gc.collect()
    assert nonce() == "prefix"


def test_a_copy_drops_what_it_replaces_without_a_lock() -> None:
    code = """if True:
        import copy, oauth1_rs

        class Secret(str):
            def __del__(self):
                pool.client_key

        class Pooled(oauth1_rs.Client):
            def __new__(cls, *args, **kwargs):
                return pool or super().__new__(cls)

        pool = None
        first = Pooled("k", "s")
        pool = oauth1_rs.Client("k", Secret("s"))
        copy.copy(first)
        print("done")
    """
    done = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, timeout=20
    )
    assert done.stdout == "done\n"


def test_repr_shows_identifiers_and_no_secrets() -> None:
    auth = OAuth1(
        "my-key",
        "canary-1",
        "my-token",
        "canary-2",
        verifier="canary-3",
        realm="my-realm",
        protocol_parameters={"oauth_session_handle": "canary-4"},
    )
    for text in (repr(auth), str(auth), repr(auth.client), f"{auth}"):
        assert all(part in text for part in ["my-key", "my-token", "my-realm", "HMAC-SHA1"])
        assert "canary" not in text


def test_something_else_than_a_prepared_request_is_refused() -> None:
    class Url:
        pass

    class HttpxRequest:
        method, url, body = "GET", Url(), None
        headers: ClassVar[dict[str, str]] = {}

    for other in (HttpxRequest(), object(), "request"):
        with pytest.raises(OAuth1TypeError, match=r"prepared request.*Client\(\.\.\.\)\.sign"):
            OAuth1("ck")(other)  # type: ignore[type-var]  # that is the point


def test_only_a_write_changes_the_protocol_parameters() -> None:
    given: dict[str, str | bytes | None] = {"oauth_session_handle": "one"}
    auth = OAuth1("ck", protocol_parameters=given)
    given["oauth_session_handle"] = "two"
    auth.client.protocol_parameters["oauth_session_handle"] = "three"
    auth.client.verifier = "v"
    assert protocol_parameters(prepare(auth))["oauth_session_handle"] == "one"
    auth.client.protocol_parameters = given
    assert protocol_parameters(prepare(auth))["oauth_session_handle"] == "two"


@pytest.mark.parametrize("hooks", [None, []])
def test_a_request_without_hooks_is_signed(hooks: Any) -> None:
    request = requests.Request("GET", URL).prepare()
    request.hooks = hooks
    assert accepted(OAuth1("ck", "cs")(request), "cs")
    assert request.hooks is hooks


def test_headers_that_cannot_be_encoded_leave_the_request_as_it_was() -> None:
    request = requests.Request("POST", URL, data="a=1", headers={"X-Name": "é"}).prepare()
    before = (request.url, dict(request.headers), request.body)
    with pytest.raises(OAuth1Error, match="cannot be encoded as decoding=ascii"):
        OAuth1("ck", "cs", decoding="ascii", signature_type="BODY")(request)
    assert (request.url, dict(request.headers), request.body) == before


def test_a_long_file_can_be_interrupted() -> None:
    """The file ends nowhere: without a look for signals between its pieces, neither would this."""
    code = (
        "import signal, oauth1_rs\n"
        "class Endless:\n"
        "    def tell(self): return 0\n"
        "    def seek(self, position): return position\n"
        "    read = bytes\n"
        "signal.setitimer(signal.ITIMER_REAL, 0.05)\n"
        "signal.signal(signal.SIGALRM, signal.default_int_handler)\n"
        "try: oauth1_rs.Client('ck', body_hash='sha1').sign('http://a/', 'POST', Endless())\n"
        "except KeyboardInterrupt: print('interrupted')\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], check=False, capture_output=True, text=True, timeout=30
    )
    assert result.stdout == "interrupted\n", result.stderr
