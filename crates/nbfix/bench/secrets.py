"""What looking for secrets costs: `nbfix check` with and without those rules, on the same notebooks, in turns.

Usage: secrets.py FOLDER [ROUNDS]

Needs the release binary. Processor seconds are compared, because they depend less on what else the machine does; of the
rounds the fastest counts. Fails if the rules take more than a fifth on top.
"""

import os
import pathlib
import resource
import subprocess
import sys

RULES = "hardcoded-secret,secret-default,secret-in-output"
LIMIT = 1.20
ROOT = pathlib.Path(__file__).resolve().parents[3]


def main() -> None:
    folder = sys.argv[1]
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 7
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    command = [str(target / "release" / "nbfix"), "check", "--output-format", "concise", "--exit-zero", "--jobs", "1", folder]
    without = [*command, "--ignore", RULES]
    run(command)
    taken = [(run(without), run(command)) for _ in range(rounds)]
    before = min(one for one, _ in taken)
    after = min(one for _, one in taken)
    print(f"without {before:.2f} s, with {after:.2f} s of processor time: {(after / before - 1) * 100:+.1f} %")
    if after > before * LIMIT:
        sys.exit("looking for secrets takes more than a fifth on top")


def run(command: list[str]) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


if __name__ == "__main__":
    main()
