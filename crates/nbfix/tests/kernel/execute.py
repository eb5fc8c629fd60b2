"""Runs notebooks on real Jupyter kernels, each on one of its own, and goes on after errors.

stdin:  a JSON list of {"path", "cwd", "env", "timeout"}; `env` is the whole environment of the kernel, and a cell is interrupted
        after `timeout` seconds
stdout: a JSON list of the same order; each a list of {"ename", "evalue", "text"} by cell, null for cells without code
"""

import json
import os
import sys
from concurrent.futures import ThreadPoolExecutor

import nbformat
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import KernelManager
from nbclient import NotebookClient


class Own(KernelManager):
    """A kernel of this interpreter, whatever is installed on the machine."""

    @property
    def kernel_spec(self):
        argv = [sys.executable, "-Xfrozen_modules=off", "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        return KernelSpec(argv=argv, display_name="own", language="python")


def text_of(output):
    if output.output_type == "stream":
        return output.text
    if output.output_type in ("execute_result", "display_data"):
        return output.data.get("text/plain", "") + "\n"
    return ""


def run(job):
    notebook = nbformat.read(job["path"], as_version=4)
    manager = Own(kernel_name="own")
    client = NotebookClient(notebook, km=manager, allow_errors=True, timeout=job["timeout"], interrupt_on_timeout=True)
    client.execute(cwd=job["cwd"], env=job["env"])
    cells = []
    for cell in notebook.cells:
        if cell.cell_type != "code":
            cells.append(None)
            continue
        errors = [output for output in cell.outputs if output.output_type == "error"]
        cells.append({
            "ename": errors[0].ename if errors else None,
            "evalue": errors[0].evalue if errors else None,
            "text": "".join(text_of(output) for output in cell.outputs),
        })
    return cells


def main():
    jobs = json.load(sys.stdin)
    # What cells run writes to the standard output that the kernels inherit; the answer must stand there alone.
    answer = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    with ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as pool:
        json.dump(list(pool.map(run, jobs)), answer)
    answer.close()


if __name__ == "__main__":
    main()
