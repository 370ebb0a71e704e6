"""How long signing takes, beside others: ratios of one run, medians of many rounds.

`make bench` runs it. A round measures every contender of a case once, one after another; what is
printed is the median of the rounds' ratios, so that a machine that slows down matters little.
Requests are made before the clock starts, and differ; none is signed twice but where it says so.
"""

from __future__ import annotations

import gc
import hmac
import http.server
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import warnings
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import oauth1_rs
import requests
import requests_oauthlib
from authlib.integrations.requests_client import OAuth1Auth as AuthlibForRequests
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from oauth1.oauth import OAuth as MastercardOAuth
from oauthlib.common import Request as OAuthlibRequest
from oauthlib.oauth1.rfc5849 import signature

with warnings.catch_warnings():
    # That httpx has a successor is for others to know.
    warnings.simplefilter("ignore")
    from authlib.integrations.httpx_client import OAuth1Auth as AuthlibForHttpx

ROUNDS = 40
REQUESTS = 256  # of a round
WARM_UP = 32

CREDENTIALS = (
    "xvz1evFS4wEEPTGEFPHBog",
    "kAcSOqF21Fu85e7zjz7ZN2U4ZRhfV3WpwPAoE3Z7kBw",
    "370773112-GmHxMAgYyLbNEtIKZeRNFsMKPR9EyMZeS9weJAEb",
    "LswwdoUaIvS8ltyTt5jkRh4J50vUPVVHtR2YPi5kE",
)
HMAC_KEY = f"{CREDENTIALS[1]}&{CREDENTIALS[3]}".encode()
QUERY = "screen_name=twitterapi&count=100&include_rts=true&exclude_replies=false&trim_user=1"
RESOURCE = "https://api.example.com/1.1/statuses/user_timeline.json"
GET = f"{RESOURCE}?{QUERY}"
FORM = {f"field{number}": f"value number {number} & more" for number in range(10)}
KEYS = Path(__file__).parent.parent / "tests" / "keys"

Timer = Callable[[], float]
"""Runs once, and returns seconds for each operation."""


@dataclass
class Case:
    """Contenders by name: the first is ours."""

    name: str
    contenders: dict[str, Timer]
    rounds: int = ROUNDS
    shown: Callable[[float], str] = lambda seconds: duration(seconds)  # noqa: PLW0108 - defined below


def main() -> int:
    chosen = sys.argv[1:]
    print("| case | ours | beside | ratio |\n|---|---|---|---|")
    for make_case in CASES:
        for case in make_case():
            if not chosen or any(word in case.name for word in chosen):
                report(case)
    return 0


def report(case: Case) -> None:
    rounds = [[timer() for timer in case.contenders.values()] for _ in range(case.rounds)]
    ours = statistics.median(seconds[0] for seconds in rounds)
    for index, name in enumerate(case.contenders):
        if index:
            ratio = statistics.median(seconds[index] / seconds[0] for seconds in rounds)
            shown = f"{ratio:.0f}x" if ratio >= 10 else f"{ratio:.2f}x"
            print(f"| {case.name} | {case.shown(ours)} | {name} | {shown} |", flush=True)


def duration(seconds: float) -> str:
    for unit, size in [("s", 1), ("ms", 1e-3), ("µs", 1e-6)]:
        if seconds >= size:
            return f"{seconds / size:.2f} {unit}"
    return f"{seconds / 1e-9:.0f} ns"


# --- One signature ----------------------------------------------------------------------------


def prepared(method: str = "GET", url: str = GET, **arguments: Any) -> requests.PreparedRequest:
    with requests.Session() as session:
        session.trust_env = False
        return session.prepare_request(requests.Request(method, url, **arguments))


def fresh(sign: Callable[[Any], object], make: Callable[[], Any], count: int = REQUESTS) -> Timer:
    """Time `sign` with requests that it has not seen."""

    def run() -> float:
        for request in [make() for _ in range(min(WARM_UP, count))]:
            sign(request)
        return timed(sign, [make() for _ in range(count)])

    return run


def again(sign: Callable[[Any], object], make: Callable[[], Any]) -> Timer:
    def run() -> float:
        request = make()
        sign(request)
        return timed(sign, [request] * REQUESTS)

    return run


def repeated(function: Callable[[], object], count: int = REQUESTS) -> Timer:
    return lambda: timed(lambda _: function(), range(count))


def timed(function: Callable[[Any], object], arguments: Iterable[Any]) -> float:
    arguments = list(arguments)
    gc.collect()
    gc.disable()
    start = time.perf_counter()
    for argument in arguments:
        function(argument)
    seconds = time.perf_counter() - start
    gc.enable()
    return seconds / len(arguments)


def base_string() -> bytes:
    """Return the base string of GET, signed by these credentials."""
    client = requests_oauthlib.OAuth1(*CREDENTIALS).client
    own = [tuple(piece.split("=")) for piece in QUERY.split("&")]
    parameters = client.get_oauth_params(OAuthlibRequest(GET, "GET", None, {})) + own
    normalized = signature.normalize_parameters(parameters)
    uri = signature.base_string_uri(GET)
    return bytes(signature.signature_base_string("GET", uri, normalized).encode())


def hooks() -> Iterable[Case]:
    ours = oauth1_rs.OAuth1(*CREDENTIALS)
    peer = requests_oauthlib.OAuth1(*CREDENTIALS)
    authlib_requests = AuthlibForRequests(*CREDENTIALS)
    authlib_httpx = AuthlibForHttpx(*CREDENTIALS)
    text = base_string()
    digest = repeated(lambda: hmac.digest(HMAC_KEY, text, "sha1"))
    kinds: list[tuple[str, Callable[[], Any]]] = [
        ("GET with 5 parameters", prepared),
        ("form POST with 10 fields", lambda: prepared("POST", RESOURCE, data=FORM)),
        ("JSON POST", lambda: prepared("POST", RESOURCE, json={"text": "Hello"})),
    ]
    for kind, make in kinds:
        contenders = {
            "ours": fresh(ours, make),
            "requests-oauthlib": fresh(peer, make, 32),
            "Authlib (requests)": fresh(authlib_requests, make, 32),
        }
        if kind.startswith("GET"):
            contenders["Authlib (httpx)"] = fresh(
                lambda request: next(authlib_httpx.auth_flow(request)),
                lambda: httpx.Request("GET", GET),
                32,
            )
            contenders["hmac.digest of the base string"] = digest
        yield Case(f"{kind}, HMAC-SHA1", contenders)
    yield Case(
        "the same GET signed again",
        {"ours": again(ours, prepared), "hmac.digest of the base string": digest},
    )


def rsa() -> Iterable[Case]:
    for bits, count in [(2048, 32), (4096, 8)]:
        yield rsa_case("RSA-SHA1", hashes.SHA1(), bits, count)
        yield rsa_case("RSA-SHA256", hashes.SHA256(), bits, count)
    options: dict[str, Any] = {"signature_method": "RSA-SHA256", "rsa_key": pem(2048)}
    peer = requests_oauthlib.OAuth1(CREDENTIALS[0], **options)
    yield Case(
        "OAuth1(...) with an RSA key of 2048 bit, checks included",
        {
            "ours": repeated(lambda: oauth1_rs.OAuth1(CREDENTIALS[0], **options), 8),
            "one signature of requests-oauthlib": fresh(peer, prepared, 1),
        },
        rounds=15,
    )


def rsa_case(method: str, algorithm: hashes.HashAlgorithm, bits: int, count: int) -> Case:
    text = base_string()
    key: Any = serialization.load_pem_private_key(pem(bits).encode(), None)
    options: dict[str, Any] = {"signature_method": method, "rsa_key": pem(bits)}
    ours = oauth1_rs.OAuth1(CREDENTIALS[0], **options)
    peer = requests_oauthlib.OAuth1(CREDENTIALS[0], **options)
    contenders = {
        "ours": fresh(ours, prepared, count),
        "requests-oauthlib": fresh(peer, prepared, 1),
        "cryptography, the key kept": repeated(
            lambda: key.sign(text, padding.PKCS1v15(), algorithm), count
        ),
    }
    if method == "RSA-SHA256":
        header = MastercardOAuth.get_authorization_header
        contenders["mastercard-oauth1-signer"] = repeated(
            lambda: header(GET, "GET", "", CREDENTIALS[0], key), count
        )
    return Case(f"{method}, {bits} bit", contenders, rounds=15)


def pem(bits: int) -> str:
    return (KEYS / f"rsa-{bits}.pem").read_text()


# --- Large bodies -----------------------------------------------------------------------------


def large_form(fields: int) -> requests.PreparedRequest:
    form = "&".join(f"field{number}=value+number+{number}" for number in range(fields))
    header = {"Content-Type": "application/x-www-form-urlencoded"}
    return prepared("POST", "https://api.example.com/", data=form, headers=header)


def large() -> Iterable[Case]:
    def make() -> requests.PreparedRequest:
        return large_form(170_000)

    yield Case(
        "form of 5.2 MB, 170 000 fields",
        {
            "ours": fresh(oauth1_rs.OAuth1(*CREDENTIALS), make, 1),
            "requests-oauthlib": fresh(requests_oauthlib.OAuth1(*CREDENTIALS), make, 1),
        },
        rounds=5,
    )
    with tempfile.TemporaryFile() as file:
        file.truncate(1 << 30)
        auth = oauth1_rs.OAuth1(*CREDENTIALS, body_hash="sha256")
        buffer = memoryview(bytearray(1 << 18))

        def hash_file() -> None:
            digest = sha256()
            file.seek(0)
            while size := file.readinto(buffer):
                digest.update(buffer[:size])

        def sign_file() -> None:
            file.seek(0)
            request = prepared("PUT", "https://api.example.com/")
            request.body = file  # what requests makes of data=file
            auth(request)

        yield Case(
            "1 GB file with its hash",
            {"ours": repeated(sign_file, 1), "hashlib over the file": repeated(hash_file, 1)},
            rounds=3,
        )


def memory() -> Iterable[Case]:
    """How much more a process takes at most, while it signs a form."""
    program = """
import re, sys
from importlib import import_module
from pathlib import Path
from requests import Request

def status(name):
    return int(re.search(name + r":\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1])

def prepared(form):
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    return Request("POST", "https://api.example.com/", data=form, headers=headers).prepare()

auth = import_module(sys.argv[1]).OAuth1("key", "secret")
auth(prepared("a=b"))
request = prepared(sys.stdin.read())
Path("/proc/self/clear_refs").write_text("5")  # VmHWM starts anew
before = status("VmRSS")
auth(request)
print((status("VmHWM") - before) * 1024)
"""

    def extra(module: str) -> float:
        command = [sys.executable, "-c", program, module]
        form = str(large_form(170_000).body)
        shown = subprocess.run(command, check=True, capture_output=True, text=True, input=form)
        return float(shown.stdout)

    yield Case(
        "memory for the same form",
        {
            "ours": lambda: extra("oauth1_rs"),
            "requests-oauthlib": lambda: extra("requests_oauthlib"),
        },
        rounds=3,
        shown=lambda size: f"{size / 1e6:.1f} MB",
    )


def threads() -> Iterable[Case]:
    """How much two threads do in the time of one."""
    rsa_auth = oauth1_rs.OAuth1("key", signature_method="RSA-SHA256", rsa_key=pem(2048))
    hash_auth = oauth1_rs.OAuth1("key", body_hash="sha256")
    body = bytes(256 * 1024)
    for name, auth, request in [
        ("RSA of 2048 bit", rsa_auth, prepared()),
        ("hashes of 256 KB", hash_auth, prepared("POST", RESOURCE, data=body)),
    ]:
        yield Case(
            f"{name} by two threads",
            {
                "two threads": by_threads(2, auth, request),
                "one thread": by_threads(1, auth, request),
            },
            rounds=9,
        )


def by_threads(count: int, auth: Any, request: requests.PreparedRequest) -> Timer:
    copies = [request.copy() for _ in range(count)]

    def run() -> float:
        with ThreadPoolExecutor(count) as pool:
            start = time.perf_counter()
            list(pool.map(lambda copy: [auth(copy) for _ in range(500)], copies))
            return (time.perf_counter() - start) / (500 * count)

    return run


# --- Around it --------------------------------------------------------------------------------


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Print nothing."""


def loopback() -> Iterable[Case]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}/resource?{QUERY}"
    session = requests.Session()
    session.trust_env = False

    # As long as ours, for the server reads it.
    header = oauth1_rs.OAuth1(*CREDENTIALS)(prepared()).headers["Authorization"]

    def static(request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = header
        return request

    def get_with(auth: Any) -> Timer:
        return repeated(lambda: session.get(url, auth=auth), 20)

    yield Case(
        "Session.get on loopback",
        {
            "ours": get_with(oauth1_rs.OAuth1(*CREDENTIALS)),
            "a static header": get_with(static),
            "requests-oauthlib": get_with(requests_oauthlib.OAuth1(*CREDENTIALS)),
        },
        rounds=200,
    )
    server.shutdown()


def imports() -> Iterable[Case]:
    def start(code: str) -> float:
        begin = time.perf_counter()
        subprocess.run([sys.executable, "-I", "-S", "-c", f"{PATH}; {code}"], check=True)
        return time.perf_counter() - begin

    bare = "pass"
    yield Case(
        "import oauth1_rs, the interpreter's start included",
        {
            "ours": lambda: start("import oauth1_rs"),
            "bare python": lambda: start(bare),
            "import oauthlib.oauth1": lambda: start("import oauthlib.oauth1"),
        },
        rounds=15,
    )


# Without `site`, which takes longer than what is measured.
PATH = f"import sys; sys.path += {[path for path in sys.path if 'site-packages' in path]!r}"
CASES: list[Callable[[], Iterable[Case]]] = [
    hooks,
    rsa,
    large,
    memory,
    threads,
    loopback,
    imports,
]

if __name__ == "__main__":
    sys.exit(main())
