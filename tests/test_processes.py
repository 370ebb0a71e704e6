"""An `OAuth1` in many processes: all that they sign is valid, and no nonce comes twice.

`make processes` does the same with a million requests for each way to get it there.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from dataclasses import replace
from typing import Any

import processes
import pytest
from oauth1_rs import OAuth1
from processes import CREDENTIALS, NONCE_SIZE, WAYS, WORKERS, Share, check, sign

COUNT = 8_000


@pytest.mark.parametrize("way", WAYS)
def test_all_signatures_of_all_processes(way: str) -> None:
    """In a process of its own: pytest's may have threads, and must not fork then."""
    result = subprocess.run(
        [sys.executable, "-W", "error", processes.__file__, str(COUNT), way],
        capture_output=True,
        text=True,
        timeout=300,  # Dask's workers start slowly on a busy machine
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        check=False,
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout.startswith(f"{way}: {COUNT} signatures of {WORKERS} processes, all valid")


# --- Would it be seen? ------------------------------------------------------------------------


def shares() -> list[Share]:
    """What processes would give, all of it made in this one."""
    auth = OAuth1(*CREDENTIALS)
    return [replace(sign(auth, worker, 10), process=-worker - 1) for worker in range(WORKERS)]


def test_what_is_sound_passes() -> None:
    check(shares(), WORKERS * 10)


def test_a_nonce_of_two_processes_is_seen() -> None:
    sound = shares()
    repeated = sound[0].nonces[:NONCE_SIZE] + sound[1].nonces[NONCE_SIZE:]
    with pytest.raises(AssertionError, match="of 80 nonces, 79 are distinct"):
        check([sound[0], replace(sound[1], nonces=repeated), *sound[2:]], WORKERS * 10)


def test_a_nonce_that_is_missing_is_seen() -> None:
    sound = shares()
    fewer = replace(sound[0], nonces=sound[0].nonces[NONCE_SIZE:])
    with pytest.raises(AssertionError, match="not all nonces are there"):
        check([fewer, *sound[1:]], WORKERS * 10)


def test_processes_that_did_nothing_are_seen() -> None:
    sound = shares()
    with pytest.raises(AssertionError, match="7 processes have signed"):
        check([replace(sound[0], process=sound[1].process), *sound[1:]], WORKERS * 10)
    with pytest.raises(AssertionError, match="this process has signed"):
        check([replace(sound[0], process=os.getpid()), *sound[1:]], WORKERS * 10)


@pytest.mark.parametrize("wrong", range(len(CREDENTIALS)))
def test_a_signature_by_other_credentials_is_not_valid(wrong: int) -> None:
    credentials: list[Any] = [*CREDENTIALS]
    credentials[wrong] = "other"
    share = sign(OAuth1(*credentials), 0, 10)
    assert share.valid == 0
    sound = shares()
    with pytest.raises(AssertionError, match="not all signatures are valid"):
        check([replace(share, process=-1), *sound[1:]], WORKERS * 10)


def test_the_verifier_is_asked() -> None:
    sound = shares()
    url, header = sound[0].sample[0]
    moved = replace(sound[0], sample=[(f"{url}&more=1", header)])
    with pytest.raises(AssertionError, match="the signature does not match"):
        check([moved, *sound[1:]], WORKERS * 10)
    with pytest.raises(AssertionError, match="nothing for the verifier"):
        check([replace(sound[0], sample=[]), *sound[1:]], WORKERS * 10)


def test_a_pickle_signs_as_the_original_does_then() -> None:
    """What a task queue keeps is what was given; a change after that is not for it."""
    auth = OAuth1(*CREDENTIALS)
    pickled = pickle.dumps(auth)
    auth.client.resource_owner_key = "another"
    assert sign(pickle.loads(pickled), 0, 10).valid == 10
    assert sign(auth, 0, 10).valid == 0
