"""Prints what the decorators of the real libraries do, in the form of rules/data/decorators.toml, as JSON."""

import inspect
import json
import logging
import sys

import azure.durable_functions as df
import azure.functions as func
from azure.functions.decorators.core import Trigger

logging.disable(logging.CRITICAL)

OTHER = {
    "get_functions",
    "validate_function_names",
    "register_functions",
    "register_blueprint",
    # It needs a package of its own, and wraps another decorator.
    "durable_openai_agent_orchestrator",
}


def described(name, method):
    parameters = list(inspect.signature(method).parameters.values())[1:]
    named = [it for it in parameters if it.kind == it.POSITIONAL_OR_KEYWORD]
    required = [it.name for it in named if it.default is it.empty]
    binding, kind = None, "none"
    if name != "mcp_tool_property":

        def function(**_):
            pass

        arguments = {it: "x" for it in required}
        if name == "event_grid_output":
            arguments["connection"] = "x"
        built = getattr(df.DFApp(), name)(**arguments)(function)._function
        if built._bindings:
            first = built._bindings[0]
            binding = first.type
            kind = "trigger" if isinstance(first, Trigger) else ("input", "output")[first.direction]
        elif built._settings:
            kind = "setting"
    if name.startswith("generic_"):
        binding = ""
    by = "trigger_arg_name" if name == "route" else required[0] if binding is not None and required else ""
    return {
        "kind": kind,
        "type": binding or "",
        "by": by,
        "parameters": [it.name for it in named],
        "required": len(required),
        "open": any(it.kind == it.VAR_KEYWORD for it in parameters),
    }


names = {name for name in dir(func.FunctionApp) + dir(df.DFApp) if not name.startswith("_")}
found = {name: getattr(func.FunctionApp, name, None) or getattr(df.DFApp, name) for name in names - OTHER}
json.dump({name: described(name, it) for name, it in found.items() if inspect.isfunction(it)}, sys.stdout)
