"""Compare the instructions of a signature, without its hash, with those of the parent commit.

`make bench-instructions` runs it. More than 3 % more in a case fails, unless benches/README.md has
another line for the case than in the parent commit: there the reason stands.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
TARGET = ROOT / "target" / "instructions"
README = "benches/README.md"
PROGRAM = "benches/rust/Cargo.toml"
LIMIT = 1.03
COUNTS = {"get": 2000, "form": 1000, "large-form": 20}


def main() -> int:
    program = build(ROOT)
    now = {case: instructions(program, case) for case in COUNTS}
    for case, count in now.items():
        print(f"{case}: {count:.0f} instructions")
    parent = check_out_parent()
    if parent is None:
        return 0
    try:
        program = build(parent)
    except subprocess.CalledProcessError:
        print("the parent commit cannot be built, to compare with it")
        return 0
    failures = 0
    for case, count in now.items():
        before = instructions(program, case)
        growth = count / before
        is_explained = line(ROOT, case) != line(parent, case)
        print(f"{case}: {growth - 1:+.1%} against the parent commit")
        if growth > LIMIT and not is_explained:
            print(f"{case}: say why in the line of {README} for it, or undo it")
            failures += 1
    return min(failures, 1)


def check_out_parent() -> Path | None:
    """Check out the parent commit, if there is one and it has the program."""
    folder = TARGET / "parent"
    run("git", "worktree", "prune")
    if folder.exists():
        run("git", "worktree", "remove", "--force", str(folder))
    shown = subprocess.run(
        ["git", "show", f"HEAD^:{PROGRAM}"], cwd=ROOT, capture_output=True, check=False
    )
    if shown.returncode:
        print("the parent commit has nothing to compare with")
        return None
    run("git", "worktree", "add", "--force", "--detach", str(folder), "HEAD^")
    return folder


def build(folder: Path) -> Path:
    target = TARGET / ("now" if folder == ROOT else "before")
    command = ["cargo", "build", "--quiet", "--release", "--locked", "--bin", "instructions"]
    command += ["--manifest-path", str(folder / PROGRAM), "--target-dir", str(target)]
    subprocess.run(command, cwd=folder, check=True)
    return target / "release" / "instructions"


def instructions(program: Path, case: str) -> float:
    """Return the instructions of one signature: the difference of two runs."""
    many = COUNTS[case]
    few = many // 10
    return (collected(program, case, many) - collected(program, case, few)) / (many - few)


def collected(program: Path, case: str, count: int) -> int:
    command = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null"]
    output = subprocess.run(
        [*command, str(program), case, str(count)], check=True, capture_output=True, text=True
    ).stderr
    found = re.search(r"Collected : (\d+)", output)
    assert found, output
    return int(found[1])


def line(folder: Path, case: str) -> str:
    path = folder / README
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    found = re.search(rf"^\| `{case}` \|.*$", text, re.MULTILINE)
    return found[0] if found else ""


def run(*command: str) -> None:
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)


if __name__ == "__main__":
    sys.exit(main())
