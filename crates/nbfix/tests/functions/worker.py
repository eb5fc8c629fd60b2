"""Indexes function apps with the real libraries, as the Functions worker does.

usage: worker.py FOLDER [FOLDER ...]      each folder is a project; prints one JSON object

Each project is imported in a process of its own, forked from this one: modules of two projects may have one name.
"""

import importlib
import json
import logging
import os
import sys
import warnings

logging.disable(logging.CRITICAL)
warnings.simplefilter("ignore")

import azure.durable_functions  # noqa: E402, F401
import azure.functions  # noqa: E402
from azure.functions import FunctionRegister  # noqa: E402
from azure_functions_runtime import functions, loader  # noqa: E402
from azure_functions_runtime.bindings import meta  # noqa: E402

meta.load_binding_registry()


class Protos:
    """The worker reads nothing but the direction of bindings from its protocol."""

    class BindingInfo:
        inout, out, undefined = 2, 1, None


def index(folder):
    os.chdir(folder)
    sys.path.insert(0, folder)
    try:
        found = loader.index_function_app("function_app.py")
        registry = functions.Registry()
        out = []
        for function in found:
            registry.add_indexed_function(function=function, protos=Protos)
            trigger = function.get_trigger()
            out.append([function.get_function_name(), trigger.type])
        return {"functions": out, "error": None}
    except BaseException as error:  # whatever it is, the worker has no index
        return {"functions": [], "error": type(error).__name__, "message": str(error)[:300]}


def apart(folder):
    """The answer of a child, so that this process keeps its modules as they are."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        devnull = os.open(os.devnull, os.O_WRONLY)
        os.dup2(devnull, 1)
        os.dup2(devnull, 2)
        with os.fdopen(writing, "w") as out:
            json.dump(index(folder), out)
            out.flush()
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as answer:
        text = answer.read()
    os.waitpid(child, 0)
    return json.loads(text) if text else {"functions": [], "error": "Crash"}


if __name__ == "__main__":
    assert FunctionRegister
    json.dump({folder: apart(folder) for folder in sys.argv[1:]}, sys.stdout)
