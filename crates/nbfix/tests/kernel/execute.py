"""Runs notebooks on real Jupyter kernels, and goes on after errors.

stdin:  {"jobs": a list of {"path", "cwd", "env", "timeout"}, "share": how many notebooks of one environment may share a
        kernel, which is emptied in between}; `env` is the whole environment of the kernel, and a cell is interrupted after
        `timeout` seconds
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


# Makes of a kernel that ran a notebook one that is as good as new, for the next notebook of the same environment.
REMEMBER = "import os, sys; sys.fresh = set(sys.modules), dict(os.environ), list(sys.path)"
RESET = """%reset -f
import os, sys
get_ipython().extension_manager.loaded.clear()
for name in set(sys.modules) - sys.fresh[0]:
    del sys.modules[name]
os.environ.clear(), os.environ.update(sys.fresh[1])
sys.path[:] = sys.fresh[2]
%reset -f
"""


def run(jobs):
    """Runs notebooks of one environment on one kernel, one behind the other."""
    notebooks = [nbformat.read(job["path"], as_version=4) for job in jobs]
    cells = [nbformat.v4.new_code_cell(REMEMBER)]
    for notebook in notebooks:
        cells += [nbformat.v4.new_code_cell(RESET), *notebook.cells]
    whole = nbformat.v4.new_notebook(cells=cells)
    manager = Own(kernel_name="own")
    options = {"allow_errors": True, "timeout": jobs[0]["timeout"], "interrupt_on_timeout": True}
    # On a busy machine output may be late; what is lost must not pass for silence.
    options |= {"iopub_timeout": 30, "raise_on_iopub_timeout": True}
    client = NotebookClient(whole, km=manager, **options)
    client.execute(cwd=jobs[0]["cwd"], env=jobs[0]["env"])
    return [[result(cell) for cell in notebook.cells] for notebook in notebooks]


def result(cell):
    if cell.cell_type != "code":
        return None
    errors = [output for output in cell.outputs if output.output_type == "error"]
    return {
        "ename": errors[0].ename if errors else None,
        "evalue": errors[0].evalue if errors else None,
        "text": "".join(text_of(output) for output in cell.outputs),
    }


def batches(jobs, size):
    """The positions of jobs that may share a kernel, at most `size` in each."""
    batch = {}
    for index, job in enumerate(jobs):
        alike = batch.setdefault(json.dumps([job["cwd"], job["env"]], sort_keys=True), [[]])
        if len(alike[-1]) == size:
            alike.append([])
        alike[-1].append(index)
    return [positions for alike in batch.values() for positions in alike]


def main():
    request = json.load(sys.stdin)
    jobs = request["jobs"]
    # What cells run writes to the standard output that the kernels inherit; the answer must stand there alone.
    answer = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    results = [None] * len(jobs)
    groups = batches(jobs, request["share"])
    with ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as pool:
        for group, ran in zip(groups, pool.map(lambda group: run([jobs[index] for index in group]), groups)):
            for index, cells in zip(group, ran):
                results[index] = cells
    json.dump(results, answer)
    answer.close()


if __name__ == "__main__":
    main()
