"""Who may import whom, what a -h imports, and how long a file may be."""

import ast
import importlib
import importlib.util
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import helmholtz

ROOT = Path(helmholtz.__file__).parents[1]
PRODUCT = [
    p for name in ("cifar", "audio", "helmholtz") for p in sorted((ROOT / name).rglob("*.py"))
]
SCRIPTS = [p for name in ("benchmarks", "results") for p in sorted((ROOT / name).glob("*.py"))]
HALVES = {"cifar", "audio"}
# What each part of helmholtz may import of the others, besides the modules beside them.
MAY_IMPORT = {
    "io": set(),
    "audit": {"io"},
    "data": {"io", "audit"},
    "export": {"io", "data"},
    "training": {"io", "data"},
    "analysis": {"io", "audit", "data"},
    "blackbox": {"io", "data"},
    "report": {"io", "analysis"},
    "sweep": {"io", "data", "training"},
    "answer": {"io", "data", "audit", "analysis", "export", "report", "sweep"},
}
HEAVY = {"keras", "tensorflow", "jax", "numpy", "scipy", "h5py", "pandas", "sklearn"}
HEAVY |= {"matplotlib", "jinja2", "rich", "filelock", "cv2", "soundfile", "librosa", "tqdm", "PIL"}


def imported(path):
    """The modules that a file imports, at its top or within functions."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("part", MAY_IMPORT)
def test_no_part_imports_what_stands_above_it(part):
    for path in (ROOT / "helmholtz" / part).glob("*.py"):
        parts = {name.split(".")[1] for name in imported(path) if name.startswith("helmholtz.")}
        assert parts & set(MAY_IMPORT) <= MAY_IMPORT[part] | {part}, path


def test_helmholtz_knows_neither_half_and_the_halves_not_each_other():
    for path in PRODUCT:
        half = path.relative_to(ROOT).parts[0]
        others = {name.split(".")[0] for name in imported(path)} & HALVES - {half}
        assert not others, path
        if half == "helmholtz" and path.name != "domain.py":
            code = [line.partition("#")[0] for line in path.read_text("utf-8").splitlines()]
            assert not [line for line in code if "domain ==" in line or "domain !=" in line], path


def test_what_makes_data_and_reports_never_imports_keras():
    parts = ("io", "audit", "data", "export", "analysis", "blackbox", "report", "sweep")
    for path in (p for part in parts for p in (ROOT / "helmholtz" / part).glob("*.py")):
        assert not {name.split(".")[0] for name in imported(path)} & {"keras", "tensorflow"}, path


@pytest.mark.parametrize(
    "module",
    [
        f"{half}.{name}"
        for half in sorted(HALVES)
        for name in ("prepare", "train", "predict", "evaluate", "answer")
    ]
    + [f"helmholtz.{n}.__main__" for n in ("sweep", "report", "audit", "export", "blackbox")],
)
def test_help_imports_nothing_heavy(module):
    program = f"""
import sys
from {module} import main
try: main(["cifar", "-h"] if {module!r}.split(".")[1] in ("sweep", "blackbox") else ["-h"])
except SystemExit: pass
print(sorted({HEAVY!r} & set(sys.modules)), file=sys.stderr)
"""
    command = [sys.executable, "-c", program]
    answer = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert answer.stderr.strip() == "[]"
    assert "--" in answer.stdout


def test_a_file_fits_a_few_screens():
    long = [path for path in PRODUCT if len(path.read_text("utf-8").splitlines()) > 220]
    assert not long


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_what_scripts_beside_the_product_import_of_it_exists(path):
    ours = [name for name in imported(path) if name.split(".")[0] in {*HALVES, "helmholtz"}]
    assert not [name for name in ours if not exists(name)]


def exists(name):
    """Whether a dotted name is that of a module, or of something in one."""
    module, _, attribute = name.rpartition(".")
    if module and hasattr(importlib.import_module(module), attribute):
        return True
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:
        return False


def test_every_package_is_installed():
    told = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
    there = {".".join(p.relative_to(ROOT).parts[:-1]) for p in PRODUCT if p.name == "__init__.py"}
    assert set(told["packages"]) - HALVES == there - HALVES
    pages = {".".join(p.relative_to(ROOT).parts[:-1]) for p in ROOT.glob("helmholtz/*/*.j2")}
    assert set(told["package-data"]) == pages
