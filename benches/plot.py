"""Draw what a signature costs by the number of parameters and by the size of the body.

`make plot` writes docs/cost.svg.
"""

from __future__ import annotations

import statistics
import sys
from pathlib import Path

import matplotlib as mpl
import oauth1_rs
import requests_oauthlib
from authlib.integrations.requests_client import OAuth1Auth as AuthlibForRequests
from bench import CREDENTIALS, RESOURCE, fresh, prepared

mpl.use("svg")
mpl.rcParams["svg.hashsalt"] = "oauth1-rs"  # the same picture at every run
import matplotlib.pyplot as plt  # noqa: E402 - after the choice of what draws

OUTPUT = Path(__file__).parent.parent / "docs" / "cost.svg"
SIGNERS = {
    "oauth1-rs": oauth1_rs.OAuth1(*CREDENTIALS),
    "requests-oauthlib": requests_oauthlib.OAuth1(*CREDENTIALS),
    "Authlib": AuthlibForRequests(*CREDENTIALS),
}
FIELDS = [1, 3, 10, 30, 100, 300, 1_000, 3_000, 10_000, 30_000, 100_000, 300_000, 1_000_000]
SIZES = [100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000]
MOST_FOR_OTHERS = 100_000
HEADERS = {"Content-Type": "application/x-www-form-urlencoded"}


def main() -> int:
    figure, (by_fields, by_size) = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
    for name, sign in SIGNERS.items():
        counts = [n for n in FIELDS if name == "oauth1-rs" or n <= MOST_FOR_OTHERS]
        by_fields.plot(counts, [cost(sign, fields(n)) for n in counts], "o-", label=name)
        sizes = [n for n in SIZES if name == "oauth1-rs" or n <= 10 * MOST_FOR_OTHERS]
        by_size.plot(sizes, [cost(sign, f"a={'x' * n}") for n in sizes], "o-", label=name)
    by_fields.set(xlabel="parameters of a form", ylabel="seconds for a signature")
    by_size.set(xlabel="bytes of a form with one parameter")
    for axes in (by_fields, by_size):
        axes.set(xscale="log", yscale="log")
        axes.grid(visible=True, alpha=0.3)
        axes.legend()
    OUTPUT.parent.mkdir(exist_ok=True)
    figure.savefig(OUTPUT, metadata={"Date": None})
    return 0


def fields(count: int) -> str:
    return "&".join(f"field{number}=value+number+{number}" for number in range(count))


def cost(sign: object, form: str) -> float:
    count = max(1, min(64, 200_000 // len(form)))
    run = fresh(sign, lambda: prepared("POST", RESOURCE, data=form, headers=HEADERS), count)  # type: ignore[arg-type]  # each is callable
    return statistics.median(run() for _ in range(3))


if __name__ == "__main__":
    sys.exit(main())
