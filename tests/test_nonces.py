"""Section 3.3: no nonce is drawn twice, whichever threads and processes draw them."""

from __future__ import annotations

import multiprocessing
import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from oauth1_rs import Client

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

CHILDREN = 16
NONCES = 10_000

client = Client("client", "client secret", "token", "token secret")


def nonces(count: int) -> list[str]:
    """Nonces as they are sent, in the order in which they were drawn."""
    headers = (client.sign("https://example.com/")[1]["Authorization"] for _ in range(count))
    return [header.partition('oauth_nonce="')[2].partition('"')[0] for header in headers]


def check(drawn: list[str], count: int) -> None:
    assert len(drawn) == count
    assert [nonce for nonce in drawn if not re.fullmatch("[0-9a-f]{32}", nonce)] == []
    assert len(set(drawn)) == count


def test_threads_draw_different_nonces() -> None:
    drawn: list[str] = []
    start = threading.Barrier(CHILDREN)

    def draw() -> None:
        start.wait()
        drawn.extend(nonces(3_000))

    threads = [threading.Thread(target=draw) for _ in range(CHILDREN)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    check(drawn, CHILDREN * 3_000)


# --- Processes --------------------------------------------------------------------------------
#
# A process that has ever had a second thread must not fork (Python 3.12 warns), and pytest's may
# have one. So each of these runs as the main program of a process of its own.

needs_fork = pytest.mark.skipif(
    not hasattr(os, "fork"), reason="this operating system has no fork, which could repeat a nonce"
)


def nonces_printed_by(program: Callable[..., None], *arguments: str) -> list[str]:
    """What ``program``, a function of this module, prints in a process of its own."""
    code = f"import sys, test_nonces; test_nonces.{program.__name__}(*sys.argv[1:])"
    result = subprocess.run(
        [sys.executable, "-W", "error", "-c", code, *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        check=False,
    )
    assert result.returncode == 0, result.stderr
    return result.stdout.split()


@needs_fork
def test_forked_children_draw_other_nonces_than_their_parent_and_each_other() -> None:
    check(nonces_printed_by(fork_many), (1 + CHILDREN) * NONCES + CHILDREN)


def fork_many() -> None:
    # From here on this thread's generator has a state that every child inherits.
    parent = nonces(NONCES // 2)
    pipes = []
    for _ in range(CHILDREN):
        pipes.append(nonces_of_a_forked_child())
        # The next child inherits another state than this one.
        parent += nonces(1)
    parent += nonces(NONCES // 2)
    print(*parent)
    for pipe in pipes:
        with open(pipe, encoding="ascii") as lines:
            print(lines.read())
    for _ in pipes:
        _, status = os.wait()
        assert os.waitstatus_to_exitcode(status) == 0


def nonces_of_a_forked_child() -> int:
    """The pipe from which a child's nonces are to be read."""
    reading, writing = os.pipe()
    if os.fork() == 0:
        status = 1
        try:
            with open(writing, "w", encoding="ascii") as pipe:
                print(*nonces(NONCES), file=pipe)
            status = 0
        finally:
            os._exit(status)  # a child that returned would go on as its parent
    os.close(writing)
    return reading


@needs_fork
def test_children_of_children_draw_other_nonces_than_all_before_them() -> None:
    check(nonces_printed_by(fork_in_a_row), 2 * CHILDREN * 100)


def fork_in_a_row() -> None:
    """Parent, child, grandchild...: each waits for the next and draws before and after."""
    for _ in range(CHILDREN - 1):
        print(*nonces(100), flush=True)
        if child := os.fork():
            _, status = os.waitpid(child, 0)
            assert os.waitstatus_to_exitcode(status) == 0
            break
    else:
        print(*nonces(100))
    print(*nonces(100))


@pytest.mark.parametrize("start_method", ["fork", "forkserver", "spawn"])
def test_processes_of_multiprocessing_draw_different_nonces(start_method: str) -> None:
    if start_method not in multiprocessing.get_all_start_methods():
        pytest.skip(f"multiprocessing has no {start_method} on this operating system")

    check(nonces_printed_by(start_processes, start_method), 3 * 1_000)


def start_processes(start_method: str) -> None:
    context: Any = multiprocessing.get_context(start_method)
    parent = nonces(500)
    receiving, sending = context.Pipe(duplex=False)
    processes = [context.Process(target=send_nonces, args=(sending,)) for _ in range(2)]
    for process in processes:
        process.start()
        # One after the other, so that each has the pipe for itself.
        print(*receiving.recv())
        process.join()
        assert process.exitcode == 0
    print(*parent, *nonces(500))


def send_nonces(sending: Connection) -> None:
    sending.send(nonces(1_000))
