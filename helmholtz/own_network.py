"""A network of the user's own, as --model names it: what it is, and what tells it from others.

    FILE.py:FUNCTION, package.module:FUNCTION, FILE.keras, keras:NAME

Nothing of it is executed here, and nothing heavy is imported.
"""

import argparse
import hashlib
import json
import re
import sys
from importlib.machinery import PathFinder
from pathlib import Path
from typing import NamedTuple

from helmholtz.errors import DataError, UsageError
from helmholtz.text import shown

FORMS = "FILE.py:FUNCTION, package.module:FUNCTION, FILE.keras or keras:NAME"
FLAGS = ("model_args", "freeze")  # of train.py, for own networks alone
COPIES = {"file": "model_source.py", "module": "model_source.py", "keras": "model_source.keras"}
DIGITS = 8  # of the digest in the name of a run's folder


class Own(NamedTuple):
    """An own network; path and source, its bytes, are None and empty for one of Keras.

    identity is what setting.json says of it: kind ("file", "module", "keras" or "application"),
    name (of the function, or of the application), args, freeze, and the SHA-256 of its source and
    of the file of weights.
    """

    asked: str
    path: Path | None
    source: bytes
    identity: dict

    @property
    def kind(self) -> str:
        return self.identity["kind"]

    @property
    def label(self) -> str:
        """Its name in folders and reports: another source or other arguments, another label."""
        digest = hashlib.sha256(json.dumps(self.identity, sort_keys=True).encode()).hexdigest()
        plain = f"{self.path.stem if self.path else ''} {self.identity['name']}".lower()
        plain = "-".join(re.findall("[a-z0-9]+", plain))[:40] or "own"
        return f"{plain}-{digest[:DIGITS]}"


def is_own(text: str) -> bool:
    """Whether --model names a network of the user's own."""
    return ":" in text or text.endswith(".keras")


def model_name(names: list[str]):
    """A type for argparse: a name of a table, or an own network."""

    def parse(text: str) -> str:
        if text not in names and not is_own(text):
            raise argparse.ArgumentTypeError(f"{text!r} is none of {', '.join(names)}, nor {FORMS}")
        return text

    return parse


def json_object(text: str) -> str:
    """A type for argparse: a JSON object, as text in one form."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise argparse.ArgumentTypeError(f"""{text!r} is not a JSON object as '{{"width": 64}}'""")
    return json.dumps(value, sort_keys=True)


def settle(args: argparse.Namespace) -> bool:
    """Replace an own network's name by its label, and keep what was asked in args.own.

    Returns whether it is one. Raises UsageError when its source is missing or cannot be compiled,
    and for flags of own networks beside another, from whose args they are removed.
    """
    if is_own(args.model):
        args.own = args.model
        args.model = of_flags(args).label
        return True
    for flag in FLAGS:
        if getattr(args, flag):
            raise UsageError(f"--{flag} is for a network of your own: --model {FORMS}.")
        delattr(args, flag)
    return False


def of_flags(args: argparse.Namespace) -> Own:
    """The own network that flags of train.py name, as its source is now."""
    if args.freeze and not (args.own.startswith("keras:") and args.weights):
        raise UsageError("--freeze is for keras:NAME with --weights: leave it out.")
    weights = args.weights
    if weights is not None and not weights.is_file():
        raise UsageError(f"{shown(weights)} does not exist: --weights takes a file.")
    digest = hashlib.sha256(weights.read_bytes()).hexdigest() if weights else None
    return _resolve(args.own, json.loads(args.model_args or "{}"), args.freeze, digest)


def of_run(setting: dict, model: str | None, folder: Path) -> Own | None:
    """The own network of a finished run, None for a network of a table; model: from --model.

    Code is taken from the command line alone, never because a file of the run names it. A .keras
    file holds none, so the run's own copy will do. Raises UsageError when the network is not
    given, or is not what the run was trained with.
    """
    told = setting.get("network")
    if told is None:
        if model:
            raise UsageError(f"The run's network is {setting['model']}: leave --model out.")
        return None
    copies = {"keras": str(folder / COPIES["keras"]), "application": f"keras:{told.get('name')}"}
    asked = model or copies.get(told.get("kind"))
    if asked is None or not is_own(asked):
        what = "FILE.py" if told.get("kind") == "file" else "package.module"
        raise UsageError(
            f"The network of {shown(folder)} is code, which is taken from the command line alone: "
            f"give --model {what}:{told.get('name')}."
        )
    try:
        own = _resolve(asked, told["args"], told["freeze"], told["weights"])
    except (KeyError, TypeError):
        raise DataError(f"{shown(folder)} does not describe its network: train it anew.") from None
    if not own.identity.items() <= told.items():
        raise UsageError(
            f"{shown(asked)} is not what the run was trained with: give the version of that time."
        )
    return own


def _resolve(asked: str, args: dict, freeze: bool, weights: str | None) -> Own:
    """The own network of this name. Raises UsageError when there is none, or a syntax error."""
    place, _, name = asked.rpartition(":")
    if asked.endswith(".keras"):
        kind, path, name = "keras", Path(asked), ""
    elif place == "keras":
        kind, path = "application", None
    elif not name.isidentifier():
        raise UsageError(f"--model {shown(asked)} names no function: give {FORMS}.")
    elif place.endswith(".py"):
        kind, path = "file", Path(place)
    else:
        kind, path = "module", _find_module(place)
    source = _read(path, compiled=kind != "keras") if path else b""
    digest = _digest(source, path, place.split(".") if kind == "module" else [])
    known = {"kind": kind, "name": name, "source": digest}
    return Own(asked, path, source, known | {"args": args, "freeze": freeze, "weights": weights})


def _read(path: Path, compiled: bool) -> bytes:
    try:
        source = path.read_bytes()
        if compiled:
            compile(source, str(path), "exec")
    except OSError as error:
        what = "does not exist" if isinstance(error, FileNotFoundError) else "cannot be read"
        raise UsageError(f"{shown(path)} {what}: --model takes {FORMS}.") from None
    except (SyntaxError, ValueError) as error:
        line = getattr(error, "lineno", None)
        where = f" in line {line}" if line else ""
        raise UsageError(
            f"{shown(path)} is not Python{where}: {getattr(error, 'msg', error)}."
        ) from None
    return source


def _find_module(name: str) -> Path:
    """The file of a module, found as import finds it, without importing the packages above it."""
    places, spec = [str(Path.cwd()), *sys.path], None
    for part in name.split("."):
        spec = PathFinder.find_spec(part, places) if places and part.isidentifier() else None
        places = spec.submodule_search_locations if spec else None
    if not spec or not (spec.origin or "").endswith(".py"):
        raise UsageError(
            f"There is no Python module {shown(name)} here or on the path: --model takes {FORMS}."
        )
    return Path(spec.origin)


def _digest(source: bytes, path: Path | None, module: list[str]) -> str:
    """Of the source; for a module of a package that of all of the package's Python files."""
    result = hashlib.sha256(source)
    depth = len(module) - 1 + (path.name == "__init__.py") if module else 0
    for file in sorted(path.parents[depth - 1].rglob("*.py")) if depth else []:
        result.update(f"{file.relative_to(path.parents[depth - 1])}\0".encode())
        result.update(hashlib.sha256(file.read_bytes()).digest())
    return result.hexdigest()


def keep(args: argparse.Namespace, folder: Path) -> None:
    """Copy the source into a run's folder, to be read: code is never executed from there."""
    from helmholtz.io.files import replacing

    own = of_flags(args)
    if own.path:
        with replacing(folder / COPIES[own.kind]) as temporary:
            temporary.write_bytes(own.source)


def unpack(own: Own, flags: list[str], folder: Path) -> list[str]:
    """Write the file of an own network into a folder of another machine; the flags to use there."""
    if own.path is None:
        return flags
    place, name = folder / own.path.name, own.identity["name"]
    place.write_bytes(own.source)
    return [f"{place}:{name}".rstrip(":") if word == own.asked else word for word in flags]
