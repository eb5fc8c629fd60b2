"""How many of the made-up secrets and of the look-alikes nbfix, detect-secrets and ruff tell.

usage: compare.py NBFIX FOLDER

FOLDER has the notebooks that `cargo test -p nbfix-secrets --test figures` writes, one text in each cell; `detect-secrets` and
`ruff` are those of the path. Printed are the cells in which a tool tells something.
"""

import json
import pathlib
import subprocess
import sys

RULES = "hardcoded-secret,secret-default"


def run(*command, folder=None):
    done = subprocess.run(command, capture_output=True, text=True, cwd=folder)
    if not done.stdout:
        sys.exit(f"{' '.join(command)}: {done.stderr}")
    return json.loads(done.stdout)


def by_nbfix(nbfix, path):
    told = run(nbfix, "check", "--isolated", "--exit-zero", "--select", RULES, "--output-format", "json", path)
    return {finding["cell"] for finding in told}


def by_ruff(_, path):
    told = run("ruff", "check", "--isolated", "--exit-zero", "--select", "S105,S106,S107", "--output-format", "json", path)
    return {finding["cell"] for finding in told if finding["code"]}


def by_detect_secrets(_, path):
    # It leaves out what does not lie in the folder in which it runs.
    path = pathlib.Path(path)
    told = run("detect-secrets", "scan", "--all-files", path.name, folder=path.parent)
    lines = {secret["line_number"] for all in told["results"].values() for secret in all}
    # A cell's text stands in a line of its own, behind the line that begins the cell.
    cells, cell = set(), 0
    for number, line in enumerate(path.read_text().splitlines(), 1):
        cell += '"cell_type"' in line
        if number in lines:
            cells.add(cell)
    return cells


def main():
    nbfix, folder = sys.argv[1:]
    tools = {"nbfix": by_nbfix, "detect-secrets": by_detect_secrets, "ruff S105-S107": by_ruff}
    print(f"{'':16}{'secrets told':>16}{'look-alikes told':>20}")
    for name, tool in tools.items():
        row = f"{name:16}"
        for notebook, width in [("secrets.ipynb", 16), ("alike.ipynb", 20)]:
            path = pathlib.Path(folder) / notebook
            cells = len(json.loads(path.read_text())["cells"])
            row += f"{f'{len(tool(nbfix, str(path)))} of {cells}':>{width}}"
        print(row)


main()
