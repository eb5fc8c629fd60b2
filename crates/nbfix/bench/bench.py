"""Time and memory of nbfix beside `cat` and ruff, on the same notebooks in the same run.

Usage: bench.py [FOLDER]

Without a folder it makes notebooks of its own under `target/`. Needs the release binary (`just bench` builds it) and,
once, the network, for ruff. It asserts nothing: what the figures mean is for a reader who knows the machine.
"""

import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import time
import venv

ROUNDS = 7
STARTS = 30
ROOT = pathlib.Path(__file__).resolve().parents[3]


def main() -> None:
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    suffix = ".exe" if os.name == "nt" else ""
    nbfix = str(target / "release" / f"nbfix{suffix}")
    ruff = install_ruff(target / "bench-venv")
    if len(sys.argv) > 1:
        folder = pathlib.Path(sys.argv[1])
    else:
        folder = target / "bench-corpus"
        corpus = pathlib.Path(__file__).with_name("corpus.py")
        # In a process of its own: the memory of this one counts as that of those it starts.
        subprocess.run([sys.executable, corpus, folder], check=True)
    files = sorted(path for path in folder.rglob("*.ipynb") if path.is_file())
    if not files:
        sys.exit(f"no notebook in {folder}")
    size = sum(path.stat().st_size for path in files)

    nbfix_options = ["check", "--output-format", "concise", "--exit-zero"]
    ruff_options = ["check", "--isolated", "--no-cache", "--select", "F,E9", *nbfix_options[1:]]
    commands = {
        "cat": ["xargs", "-0", "cat"],
        "nbfix": [nbfix, *nbfix_options, str(folder)],
        "ruff": [ruff, *ruff_options, str(folder)],
    }
    names = target / "bench-files"
    names.write_bytes(b"\0".join(map(os.fsencode, files)))
    # The first round fills the page cache, and does not count.
    rounds = [{name: run(command, names) for name, command in commands.items()} for _ in range(ROUNDS + 1)][1:]

    small = target / "bench-start.ipynb"
    small.write_text(START, encoding="utf-8")
    starting = {"nbfix": [nbfix, *nbfix_options, str(small)], "ruff": [ruff, *ruff_options, str(small)]}
    starts = [{name: run(command, small)[0] for name, command in starting.items()} for _ in range(STARTS)]

    print(f"{len(files)} notebooks, {size / 1e6:.1f} MB, median of {ROUNDS} rounds, {os.cpu_count()} processors")
    print(subprocess.run([ruff, "--version"], capture_output=True, text=True, check=True).stdout)
    print(f"{'':8}{'s':>8}{'MB/s':>8}{'x ruff':>8}{'x cat':>8}{'peak MiB':>10}{'start ms':>10}")
    seconds = {name: statistics.median(one[name][0] for one in rounds) for name in commands}
    for name in commands:
        took = seconds[name]
        peak = max(one[name][1] for one in rounds) / 2**20
        cells = [
            f"{took:8.3f}",
            f"{size / 1e6 / took:8.0f}",
            f"{took / seconds['ruff']:8.2f}",
            f"{took / seconds['cat']:8.2f}",
            f"{peak:10.1f}",
        ]
        if name in starting:
            cells.append(f"{statistics.median(one[name] for one in starts) * 1000:10.1f}")
        print(f"{name:8}{''.join(cells)}")


def install_ruff(folder: pathlib.Path) -> str:
    """The path of ruff, in a virtual environment of the bench's own."""
    scripts = folder / ("Scripts" if os.name == "nt" else "bin")
    if not shutil.which("ruff", path=scripts):
        venv.create(folder, with_pip=True)
        subprocess.run([scripts / "python", "-m", "pip", "install", "--quiet", "ruff"], check=True)
    return shutil.which("ruff", path=scripts) or "ruff"


def run(command: list[str], stdin: pathlib.Path) -> tuple[float, int]:
    """Seconds, and the largest memory in bytes, of one process."""
    quiet = subprocess.DEVNULL
    with stdin.open("rb") as opened:
        start = time.perf_counter()
        process = subprocess.Popen(command, stdin=opened, stdout=quiet, stderr=quiet)
    # `wait4` alone tells the memory of this very process.
    _, status, usage = os.wait4(process.pid, 0)
    took = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"{command[0]} ended with {process.returncode}")
    # Linux counts in kibibytes, macOS in bytes.
    return took, usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)


START = """{
 "cells": [
  {
   "cell_type": "code",
   "execution_count": null,
   "metadata": {},
   "outputs": [],
   "source": [
%s    "print(x0)"
   ]
  }
 ],
 "metadata": {},
 "nbformat": 4,
 "nbformat_minor": 4
}
""" % "".join(f'    "x{n} = {n}  # a line of a small notebook\\n",\n' for n in range(36))


if __name__ == "__main__":
    main()
