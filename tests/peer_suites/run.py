"""Runs other people's suites against ours: see suites.py.

    python run.py fetch DIRECTORY   install and unpack their source distributions
    python run.py DIRECTORY         run the suites; a line for each

The Python that runs this is the one in whose environment they are.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from suites import SUITES, Suite
from verifier import WireRequest
from wire_server import Answer, WireServer

HERE = Path(__file__).parent
TESTS = HERE.parent
FLOWS = HERE / "flows"
PIP = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]
TIMEOUT = 120  # seconds for one process


class Echo(WireServer):
    """A proxy that answers itself, whatever host is asked for, with what it was sent."""

    def answer(self, request: WireRequest) -> Answer:
        seen = {
            "method": request.method,
            "url": request.target.decode("latin-1"),
            "headers": dict(request.headers),
            "body": request.body.decode("latin-1"),
        }
        return Answer(json.dumps(seen).encode(), headers=[("Content-Type", "application/json")])


def fetch(directory: Path) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    pins = {f"{suite.sdist} --hash=sha256:{suite.sha256}\n" for suite in SUITES}
    requirements = directory / "requirements.txt"
    requirements.write_text("".join(sorted(pins)))
    # What builds them is pinned, too, in the environment's own lock.
    options = ["--no-deps", "--no-build-isolation"]
    download = ["download", "--no-binary", ":all:", "--require-hashes", "--dest", str(directory)]
    subprocess.run([*PIP, *download, *options, "-r", requirements], check=True)
    archives = sorted(directory.glob("*.tar.gz"))
    subprocess.run([*PIP, "install", "--no-index", *options, *archives], check=True)
    for archive in archives:
        subprocess.run(["tar", "-xzf", archive, "-C", directory], check=True)


def unpacked(suite: Suite, directory: Path) -> Path:
    """Return where the source distribution is: archives spell names in several ways."""
    wanted = suite.sdist.replace("==", "-").replace("_", "-")
    (found,) = (
        path
        for path in directory.iterdir()
        if path.is_dir() and path.name.replace("_", "-") == wanted
    )
    return found


@dataclass(frozen=True)
class Process:
    """What one process is to run, and where."""

    suite: Suite
    root: Path
    tests: tuple[str, ...]


def processes(suite: Suite, directory: Path, environment: dict[str, str]) -> Iterable[Process]:
    root = unpacked(suite, directory)
    if suite.is_isolated:
        listing = pytest(Process(suite, root, suite.tests), environment, "--collect-only")
        for test in (line for line in listing.stdout.splitlines() if "::" in line):
            yield Process(suite, root, (test,))
    elif suite.tests:
        yield Process(suite, root, suite.tests)
    if suite.flows:
        yield Process(suite, FLOWS, suite.flows)


def pytest(
    process: Process, environment: dict[str, str], *arguments: str
) -> subprocess.CompletedProcess[str]:
    plugins = [f"-p{name}" for name in ("no:cacheprovider", "plugin", *process.suite.plugins)]
    # No settings but the command's: those of this project are in a directory above.
    command = ["pytest", "-q", "-c", os.devnull, "--rootdir", ".", *plugins, *arguments]
    return subprocess.run(
        [sys.executable, "-m", *command, *process.tests],
        cwd=process.root,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=TIMEOUT,
    )


def outcomes_of(process: Process, environment: dict[str, str]) -> tuple[dict[str, str], str]:
    """Run a process; return the outcome of each test, and what it printed."""
    with tempfile.TemporaryDirectory() as home:
        file = Path(home) / "outcomes"
        own = {"HOME": home, "PEER_SUITES_OUTCOMES": str(file)}
        done = pytest(process, environment | own)
        printed = done.stdout + done.stderr
        if done.returncode not in {0, 1} or not file.exists():
            return {f"{' '.join(process.tests)} (exit status {done.returncode})": "failed"}, printed
        outcomes: dict[str, str] = json.loads(file.read_text())
        return outcomes, printed


def verdict(suite: Suite, outcomes: dict[str, str]) -> tuple[str, list[str]]:
    """Return the line for a suite, and what is not as it should be."""
    passed = {test for test, outcome in outcomes.items() if outcome == "passed"}
    others = outcomes.keys() - passed
    wrong = [f"{test}: {outcomes[test]}" for test in sorted(others - suite.differs.keys())]
    wrong += [f"{test}: passes, unexpectedly" for test in sorted(passed & suite.differs.keys())]
    wrong += [f"{test}: did not run" for test in sorted(suite.differs.keys() - outcomes.keys())]
    if len(passed) != suite.passes:
        wrong.append(f"{len(passed)} tests pass, not {suite.passes}")
    failed = len(others - suite.differs.keys())
    name = suite.sdist.replace("==", " ") + (f", {suite.note}" if suite.note else "")
    return (
        f"{name}: {len(passed)} passed, {failed} failed, {len(suite.differs)} expected to differ",
        wrong,
    )


def run(directory: Path) -> int:
    all_passed = all_failed = 0
    with Echo() as echo, ThreadPoolExecutor(max_workers=2) as pool:
        environment = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": os.pathsep.join(map(str, (HERE, TESTS, TESTS.parent / "examples"))),
            "PYTHONDONTWRITEBYTECODE": "1",
            "http_proxy": echo.url,
            # It does not tunnel: https goes nowhere.
            "https_proxy": echo.url,
            "no_proxy": "127.0.0.1,localhost",
        }
        work = [
            (
                suite,
                [
                    (process, pool.submit(outcomes_of, process, environment))
                    for process in processes(suite, directory, environment)
                ],
            )
            for suite in SUITES
        ]
        for suite, submitted in work:
            outcomes: dict[str, str] = {}
            printed = []
            for _, future in submitted:
                found, text = future.result()
                outcomes |= found
                printed.append(text)
            line, wrong = verdict(suite, outcomes)
            print(line)
            for test, reason in suite.differs.items():
                print(f"    {test.rpartition('::')[2]}: {reason}")
            if wrong:
                print("".join(printed), *(f"WRONG: {text}" for text in wrong), sep="\n")
            all_passed += sum(outcome == "passed" for outcome in outcomes.values())
            all_failed += len(wrong)
    print(f"peer-suites: {all_passed} passed, {all_failed} failed")
    return 1 if all_failed else 0


if __name__ == "__main__":
    if sys.argv[1] == "fetch":
        fetch(Path(sys.argv[2]).resolve())
    else:
        sys.exit(run(Path(sys.argv[1]).resolve()))
