"""The one place that executes code that is not the project's: what --model names, and only that."""

import importlib
import sys
import traceback
import types
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path

from helmholtz.errors import DataError, MachineError, UsageError
from helmholtz.own_network import Own
from helmholtz.text import printable, shown

CONNECTIONS = ("urllib.Request", "socket.getaddrinfo", "socket.connect")  # audit events
_building = False  # while it is true, whatever opens a connection is refused


def function(own: Own) -> Callable:
    """The function that a file or module of the user's holds. Raises UsageError without one."""
    with reporting_errors(own):
        module = _import_file(own) if own.kind == "file" else _import_module(own)
    found = getattr(module, own.identity["name"], None)
    if not callable(found):
        raise UsageError(f"{shown(own.path)} has no function {own.identity['name']}: see --model.")
    return found


def _import_file(own: Own):
    """The module made from the bytes whose digest was taken: the file itself could change."""
    name = f"_helmholtz_own_{own.identity['source']}"  # hides no other module
    if name not in sys.modules:
        module = types.ModuleType(name)
        module.__file__ = str(own.path)
        sys.modules[name] = module  # where Keras looks for its classes
        exec(compile(own.source, str(own.path), "exec"), module.__dict__)
    return sys.modules[name]


def _import_module(own: Own):
    if str(Path.cwd()) not in sys.path:
        sys.path.insert(0, str(Path.cwd()))
    module = importlib.import_module(own.asked.rpartition(":")[0])
    if Path(module.__file__).resolve() != own.path.resolve():
        raise UsageError(f"{own.asked} was imported from {shown(module.__file__)}: rename it.")
    return module


@contextmanager
def reporting_errors(own: Own):
    """Turn what the user's code raises into a UsageError with its line, and refuse downloads."""
    global _building
    before, _building = _building, True
    try:
        yield
    except (UsageError, DataError, MachineError, MemoryError):
        raise
    except (Exception, SystemExit) as error:
        said = printable(" ".join(str(error).split()))[:300].rstrip(".")
        passed = traceback.extract_tb(error.__traceback__)
        lines = [frame.lineno for frame in passed if frame.filename == str(own.path)]
        where = f" in line {lines[-1]}" if lines else ""
        raise UsageError(
            f"{shown(own.asked)} failed{where}: {type(error).__name__}: {said}."
        ) from error
    finally:
        _building = before


def _refuse_connections(event: str, arguments: tuple) -> None:
    if _building and event in CONNECTIONS:
        what = shown(str(arguments[0]))
        raise UsageError(f"The network would need a download ({what}): give --weights a file.")


sys.addaudithook(_refuse_connections)  # cannot be taken away, so that _building switches it
