"""A network of the user's own, as --model names it: what it is, and what tells it from others.

    FILE.py:FUNCTION, package.module:FUNCTION, FILE.keras, keras:NAME

Nothing of it is executed here, and nothing heavy is imported.
"""

import hashlib
import json
import re
import sys
from argparse import ArgumentTypeError, Namespace
from importlib.machinery import PathFinder
from pathlib import Path
from typing import NamedTuple

from helmholtz.errors import UsageError
from helmholtz.io.files import replacing
from helmholtz.text import shown

FORMS = "FILE.py:FUNCTION, package.module:FUNCTION, FILE.keras or keras:NAME"
FLAGS = ("model_args", "freeze")  # of train.py, for own networks alone
COPY = "model_source"  # in a run's folder, with the ending of the source


class Own(NamedTuple):
    """An own network. path and source, its bytes, are None and empty for an application of Keras.

    identity: kind ("file", "module", "keras" or "application"), name (of the function or of the
    application), args, freeze, and the SHA-256 of its source and of the file of weights.
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
        return f"{'-'.join(re.findall('[a-z0-9]+', plain))[:40] or 'own'}-{digest[:8]}"


def is_own(text: str) -> bool:
    """Whether --model names a network of the user's own."""
    return ":" in text or text.endswith(".keras")


def json_object(text: str) -> str:
    """A type for argparse: a JSON object, as text in one form."""
    try:
        return json.dumps(dict(json.loads(text).items()), sort_keys=True)
    except (ValueError, AttributeError, RecursionError):
        pass
    raise ArgumentTypeError(f"""{text!r} is not a JSON object such as '{{"width": 64}}'""")


def settle(args: Namespace, names: list[str]) -> bool:
    """Whether --model names an own network: its label takes the place of what was asked, args.own.

    names: of the networks of the table, whose args lose FLAGS. Raises UsageError when there is no
    such network, or its source cannot be compiled, and for FLAGS that do not go with it.
    """
    if is_own(args.model):
        args.own = args.model
        args.model = of_flags(args).label
        return True
    if args.model not in names:
        known = ", ".join(names)
        raise UsageError(f"There is no network {args.model}: --model takes {known}, or {FORMS}.")
    for flag in FLAGS:
        if getattr(args, flag):
            raise UsageError(f"--{flag} is for a network of your own: --model {FORMS}.")
        delattr(args, flag)
    return False


def of_flags(args: Namespace) -> Own:
    """The own network that flags of train.py name, as its source is now."""
    if args.freeze and not (args.own.startswith("keras:") and args.weights):
        raise UsageError("--freeze is for keras:NAME with --weights: leave it out.")
    digest = hashlib.sha256(_read(args.weights)).hexdigest() if args.weights else None
    return _resolve(args.own, json.loads(args.model_args or "{}"), args.freeze, digest)


def of_run(setting: dict, model: str | None, folder: Path) -> Own | None:
    """The own network of a finished run, None for a network of a table; model: from --model.

    Code is taken from the command line alone, never because a file of the run names it. A .keras
    file holds none, so the run's own copy will do. Raises UsageError when the network is not
    given, or is not what the run was trained with.
    """
    if not (told := setting.get("network")):
        if model:
            raise UsageError(f"The run's network is {setting['model']}: leave --model out.")
        return None
    kind, name, *rest = (told.get(key) for key in ("kind", "name", "args", "freeze", "weights"))
    known = {"keras": str(folder / f"{COPY}.keras"), "application": f"keras:{name}"}
    asked = model or known.get(str(kind), "")
    if not is_own(asked):
        raise UsageError(
            f"The network of {shown(folder)} is code, which is taken from the command line alone: "
            f"give --model {'FILE.py' if kind == 'file' else 'package.module'}:{shown(str(name))}."
        )
    own = _resolve(asked, *rest)
    if not own.identity.items() <= told.items():
        raise UsageError(
            f"{shown(asked)} has changed since the run was trained: give the original version."
        )
    return own


def _resolve(asked: str, args: dict, freeze: bool, weights: str | None) -> Own:
    """The own network of this name. Raises UsageError when there is none, or a syntax error."""
    place, _, name = asked.rpartition(":")
    if asked.endswith(".keras"):
        kind, path, name = "keras", Path(asked), ""
        if args:
            raise UsageError("--model_args is for functions and keras:NAME: leave it out.")
    elif place == "keras":
        kind, path = "application", None
    elif not name.isidentifier():
        raise UsageError(f"--model {shown(asked)} names no function: give {FORMS}.")
    else:
        kind = "file" if place.endswith(".py") else "module"
        path = Path(place) if kind == "file" else _find_module(place)
    source = _read(path, kind in ("file", "module")) if path else b""
    digest = _digest(source, path, place.split(".") if kind == "module" else [])
    known = {"kind": kind, "name": name, "source": digest}
    return Own(asked, path, source, known | {"args": args, "freeze": freeze, "weights": weights})


def _read(path: Path, code: bool = False) -> bytes:
    """The bytes of a file. Raises UsageError when it cannot be read, or is code and not Python."""
    try:
        source = path.read_bytes()
        if code:
            compile(source, str(path), "exec")
        return source
    except OSError as error:
        raise UsageError(f"{shown(path)} cannot be read: {error.strerror}.") from None
    except (SyntaxError, ValueError) as error:
        where = f" in line {line}" if (line := getattr(error, "lineno", None)) else ""
        said = getattr(error, "msg", error)
        raise UsageError(f"{shown(path)} is not Python{where}: {said}.") from None


def _find_module(name: str) -> Path:
    """The file of a module, found as import finds it, without importing the packages above it."""
    places, spec = [str(Path.cwd()), *sys.path], None
    for part in name.split("."):
        spec = PathFinder.find_spec(part, places) if places and part.isidentifier() else None
        places = spec.submodule_search_locations if spec else None
    if not spec or not (spec.origin or "").endswith(".py"):
        raise UsageError(f"There is no Python module {shown(name)} here: --model takes {FORMS}.")
    return Path(spec.origin)


def _digest(source: bytes, path: Path | None, module: list[str]) -> str:
    """Of the source; for a module of a package that of all of the package's Python files."""
    result = hashlib.sha256(source)
    depth = len(module) - 1 + (path.name == "__init__.py") if module else 0
    for file in sorted(path.parents[depth - 1].rglob("*.py")) if depth else []:
        result.update(f"{file.relative_to(path.parents[depth - 1])}\0".encode())
        result.update(hashlib.sha256(file.read_bytes()).digest())
    return result.hexdigest()


def keep(own: Own, folder: Path) -> None:
    """Write the source into a run's folder, to be read: code is never executed from there."""
    if own.path:
        with replacing(folder / f"{COPY}{own.path.suffix}") as temporary:
            temporary.write_bytes(own.source)


def unpack(own: Own, flags: list[str], folder: Path) -> list[str]:
    """Write the file of an own network into a folder of another machine; the flags to use there."""
    if own.path is None:
        return flags
    place = folder / own.path.name
    place.write_bytes(own.source)
    asked = f"{place}:{own.identity['name']}".rstrip(":")
    return [asked if word == own.asked else word for word in flags]
