"""Build wheel and source distribution twice, and compare every byte: `make reproducible`.

The second time in another directory, with another home of cargo, at another time, in another time
zone and language, with another umask. What is built is what git would track, as it is now.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).parent.parent
CARGO_HOME = Path(os.environ.get("CARGO_HOME", Path.home() / ".cargo"))


def main() -> int:
    release = (ROOT / sys.argv[1]).absolute()
    with tempfile.TemporaryDirectory() as directory:
        here = Path(directory, "a")
        there = Path(directory, "another", "directory")
        copy(here, time=1_500_000_000)
        copy(there, time=1_600_000_000)
        # What was fetched is what is compiled, from another path.
        home = Path(directory, "another-home-of-cargo")
        shutil.copytree(CARGO_HOME / "registry", home / "registry", symlinks=True)
        elsewhere = {"CARGO_HOME": str(home), "TZ": "Pacific/Kiritimati", "LC_ALL": "C"}
        build(here, release, {}, umask=0o022)
        build(there, release, elsewhere, umask=0o077)
        hashes, others = hashes_of(here), hashes_of(there)
        for name, value in sorted(hashes.items()):
            sys.stdout.write(f"{value}  {name}\n")
        differing = [name for name in hashes | others if hashes.get(name) != others.get(name)]
        for name in differing:
            parts = "".join(f"    {part}\n" for part in parts_that_differ(here, there, name))
            sys.stdout.write(f"differs: {name}\n{parts}")
    return bool(differing or len(hashes) != len(["wheel", "sdist"]))


def copy(where: Path, *, time: int) -> None:
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    files = subprocess.run(command, check=True, capture_output=True, cwd=ROOT)
    for name in files.stdout.decode().rstrip("\0").split("\0"):
        (where / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, where / name)
        shutil.copymode(ROOT / name, where / name)
        os.utime(where / name, (time, time))
    # Which files belong into the source distribution, cargo asks git.
    subprocess.run(["git", "init", "--quiet"], check=True, cwd=where)
    subprocess.run(["git", "add", "--all"], check=True, cwd=where)


def build(where: Path, release: Path, environment: dict[str, str], *, umask: int) -> None:
    command = ["make", "wheel", "sdist", f"RELEASE={release}", f"PYTHON={sys.executable}"]
    environment = {**os.environ, **environment}
    subprocess.run(command, check=True, cwd=where, env=environment, umask=umask)


def hashes_of(where: Path) -> dict[str, str]:
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in (where / "dist").iterdir()
    }


def parts_that_differ(here: Path, there: Path, name: str) -> list[str]:
    one, other = (
        contents_of(where / "dist" / name) if (where / "dist" / name).exists() else {}
        for where in (here, there)
    )
    return sorted(part for part in one | other if one.get(part) != other.get(part))


def contents_of(path: Path) -> dict[str, object]:
    if path.suffix == ".whl":
        with zipfile.ZipFile(path) as wheel:
            return {
                entry.filename: (entry.date_time, entry.external_attr, wheel.read(entry))
                for entry in wheel.infolist()
            }
    with tarfile.open(path) as sdist:
        return {
            entry.name: (entry.mtime, entry.mode, file.read() if file else b"")
            for entry in sdist
            for file in [sdist.extractfile(entry)]
        }


if __name__ == "__main__":
    sys.exit(main())
