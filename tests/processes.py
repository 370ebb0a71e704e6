"""Signs in many processes, which get an `OAuth1` in every way that there is.

`make processes` signs a million requests for each way; `test_processes.py` does with fewer. All
signatures are checked, by HMAC, in the process that made them, and some of them by the verifier in
this one. All nonces come here, to be compared.
"""

from __future__ import annotations

import base64
import concurrent.futures
import contextlib
import hmac
import multiprocessing
import os
import pickle
import re
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

import requests
from oauth1_rs import OAuth1
from verifier import WireRequest, verify

WORKERS = 8
CREDENTIALS = ("client key", "client secret", "token", "token secret")
URL = "http://example.com/photos"
NONCE_SIZE = 16
# Of each worker's signatures, so many are for the verifier.
SAMPLE = 250
PARAMETER = re.compile(r'(\w+)="([^"]*)"')
# Section 3.4.1, for what is the same in each: names and values are encoded twice.
BASE_STRING = (
    "GET&http%3A%2F%2Fexample.com%2Fphotos"
    "&oauth_consumer_key%3Dclient%2520key%26oauth_nonce%3D{}%26oauth_signature_method%3DHMAC-SHA1"
    "%26oauth_timestamp%3D{}%26oauth_token%3Dtoken%26oauth_version%3D1.0%26worker%3D{}"
)
KEY = b"client%20secret&token%20secret"


@dataclass(frozen=True)
class Share:
    """What one process has signed."""

    process: int
    valid: int
    """How many signatures are what HMAC gives."""
    nonces: bytes
    """Of all of them, one after another."""
    sample: list[tuple[str, str]]
    """The URLs and `Authorization` headers of some."""


def sign(auth: OAuth1, worker: int, count: int) -> Share:
    """Sign `count` requests, and check each signature. This is what the processes do."""
    request = requests.Request("GET", URL, params={"worker": worker}).prepare()
    valid = 0
    nonces = []
    sample = []
    for number in range(count):
        header = str(auth(request).headers["Authorization"])
        parameters = dict(PARAMETER.findall(header))
        nonce, timestamp = parameters["oauth_nonce"], parameters["oauth_timestamp"]
        text = BASE_STRING.format(nonce, timestamp, worker).encode()
        expected = base64.b64encode(hmac.digest(KEY, text, "sha1")).decode()
        signature = parameters["oauth_signature"].replace("%2F", "/").replace("%2B", "+")
        valid += signature.replace("%3D", "=") == expected
        nonces.append(nonce)
        if number % max(1, count // SAMPLE) == 0:
            sample.append((request.url or "", header))
    return Share(os.getpid(), valid, bytes.fromhex("".join(nonces)), sample)


def check(shares: Sequence[Share], count: int) -> None:
    """Assert that so many requests were signed, by all workers: validly, and each with a nonce."""
    processes = {share.process for share in shares}
    assert len(processes) == WORKERS, f"{len(processes)} processes have signed"
    assert os.getpid() not in processes, "this process has signed"
    assert sum(share.valid for share in shares) == count, "not all signatures are valid"
    nonces = b"".join(share.nonces for share in shares)
    assert len(nonces) == count * NONCE_SIZE, "not all nonces are there"
    starts = range(0, len(nonces), NONCE_SIZE)
    distinct = {nonces[start : start + NONCE_SIZE] for start in starts}
    assert len(distinct) == count, f"of {count} nonces, {len(distinct)} are distinct"
    for share in shares:
        assert share.sample != [], "there is nothing for the verifier"
        for url, header in share.sample:
            request = WireRequest.from_url("GET", url, {"Authorization": header})
            verdict = verify(request, CREDENTIALS[1], CREDENTIALS[3])
            assert verdict.accepted, verdict.reason


# --- How a process gets an `OAuth1` -----------------------------------------------------------


def started_by(method: str) -> Callable[[OAuth1, int], list[Share]]:
    """Return a function that has processes of multiprocessing sign, started by this method."""

    def have_signed(auth: OAuth1, count: int) -> list[Share]:
        context: Any = multiprocessing.get_context(method)
        pipes = [context.Pipe(duplex=False) for _ in range(WORKERS)]
        processes = [
            context.Process(target=send_share, args=(sending, auth, worker, count))
            for worker, (_, sending) in enumerate(pipes)
        ]
        for process, (_, sending) in zip(processes, pipes, strict=True):
            process.start()
            sending.close()
        shares = [receiving.recv() for receiving, _ in pipes]
        for process in processes:
            process.join()
            assert process.exitcode == 0
        return shares

    return have_signed


def send_share(sending: Connection, auth: OAuth1, worker: int, count: int) -> None:
    sending.send(sign(auth, worker, count))


def in_a_pool(auth: OAuth1, count: int) -> list[Share]:
    barrier = multiprocessing.get_context().Barrier(WORKERS)
    with concurrent.futures.ProcessPoolExecutor(
        WORKERS, initializer=_start_together.append, initargs=(barrier,)
    ) as pool:
        futures = [pool.submit(sign_together, auth, worker, count) for worker in range(WORKERS)]
        return [future.result() for future in futures]


# In a process of the pool: else the first one might take all there is to do.
_start_together: list[Any] = []


def sign_together(auth: OAuth1, worker: int, count: int) -> Share:
    _start_together[0].wait(60)
    return sign(auth, worker, count)


def by_pickles_in_a_pipe(auth: OAuth1, count: int) -> list[Share]:
    """As task queues do: a program of its own, which gets tasks and gives results as pickles."""
    code = "import processes; processes.take_tasks()"
    with contextlib.ExitStack() as stack:
        workers = [
            stack.enter_context(
                subprocess.Popen(
                    [sys.executable, "-c", code],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
                )
            )
            for _ in range(WORKERS)
        ]
        for number, worker in enumerate(workers):
            assert worker.stdin is not None
            with worker.stdin as tasks:
                # Two, so that the second one finds a process that has signed before.
                half = count // 2
                for part in (half, count - half):
                    pickle.dump((sign, (auth, number, part)), tasks)
        return [joined(list(read_pickles(worker.stdout))) for worker in workers]


def take_tasks() -> None:
    for function, arguments in read_pickles(sys.stdin.buffer):
        pickle.dump(function(*arguments), sys.stdout.buffer)
        sys.stdout.buffer.flush()


def read_pickles(pipe: Any) -> Iterator[Any]:
    with contextlib.suppress(EOFError):
        while True:
            yield pickle.load(pipe)


def joined(shares: list[Share]) -> Share:
    """Return as one what one process has signed in two tasks."""
    first, second = shares
    assert first.process == second.process
    return Share(
        first.process,
        first.valid + second.valid,
        first.nonces + second.nonces,
        first.sample + second.sample,
    )


def by_dask(auth: OAuth1, count: int) -> list[Share]:
    import distributed  # noqa: PLC0415 - it takes a second, and the others do not need it

    untyped: Any = distributed
    with (
        untyped.LocalCluster(
            n_workers=WORKERS, threads_per_worker=1, processes=True, dashboard_address=None
        ) as cluster,
        untyped.Client(cluster) as client,
    ):
        addresses = list(client.scheduler_info(n_workers=-1)["workers"])
        futures = [
            client.submit(sign, auth, number, count, workers=[address], pure=False)
            for number, address in enumerate(addresses)
        ]
        shares: list[Share] = client.gather(futures)
        return shares


WAYS: dict[str, Callable[[OAuth1, int], list[Share]]] = {
    **{method: started_by(method) for method in multiprocessing.get_all_start_methods()},
    "ProcessPoolExecutor": in_a_pool,
    "pickles in a pipe": by_pickles_in_a_pipe,
    "Dask": by_dask,
}


def main(arguments: list[str]) -> int:
    """Sign so many requests in all, and say what it took. Ways may be named, or else it is all."""
    count, *names = arguments
    share = int(count) // WORKERS
    for name in names or WAYS:
        auth = OAuth1(*CREDENTIALS)
        auth(requests.Request("GET", URL).prepare())  # it has signed before it is passed on
        start = time.perf_counter()
        check(WAYS[name](auth, share), share * WORKERS)
        elapsed = time.perf_counter() - start
        print(
            f"{name}: {share * WORKERS} signatures of {WORKERS} processes, all valid, all nonces "
            f"distinct ({elapsed:.1f} s; of processors {_processor_time():.1f} s so far)"
        )
    return 0


def _processor_time() -> float:
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


if __name__ == "__main__":
    # Not as `__main__`: what is pickled names its module.
    import processes

    sys.exit(processes.main(sys.argv[1:]))
