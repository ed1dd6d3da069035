"""What comes from outside is never executed: the calls that could do so are not in the code."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FOLDERS = ("cifar", "audio", "helmholtz", "benchmarks", "results")
FILES = sorted(p for d in FOLDERS for p in (ROOT / d).rglob("*.py"))
FORBIDDEN = {
    *("exec_module", "spec_from_file_location", "module_from_spec", "run_path"),
    *("eval", "exec", "system", "popen", "load_model", "extractall", "extract_archive"),
    *("unpack_archive", "getoutput", "getstatusoutput", "unsafe_load"),
}

# Code that --model names on the command line, and that no file of a run or a download can name.
PERMITTED = {"own_source.py": {"exec"}}


def calls(tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else None
            yield node, name or getattr(node.func, "id", None)


def offences(path):
    tree = ast.parse(path.read_text())
    for node, name in calls(tree):
        flags = {word.arg: getattr(word.value, "value", None) for word in node.keywords}
        forbidden = FORBIDDEN - PERMITTED.get(path.name, set())
        if name in forbidden or flags.get("shell") or flags.get("allow_pickle"):
            yield f"{path.name}:{node.lineno} {name}"
    imported = [
        name.name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in node.names
    ]
    if {"pickle", "marshal", "shelve", "dill"} & set(imported) and path.name != "cifar10.py":
        yield f"{path.name} imports pickle"


def test_no_forbidden_call():
    assert len(FILES) > 40
    assert [said for path in FILES for said in offences(path)] == []


def test_the_only_unpickler_admits_arrays_alone():
    from cifar.cifar10 import _ArraysOnly

    text = (ROOT / "cifar" / "cifar10.py").read_text()
    assert text.count("pickle.") == 1  # the class that is derived from
    assert all("numpy" in module for module, _ in _ArraysOnly.ADMITTED)


@pytest.mark.parametrize(
    "line",
    [
        "eval(text)",
        "spec.loader.exec_module(module)",
        "os.system(text)",
        "subprocess.run(text, shell=True)",
        "import pickle",
        "keras.models.load_model(path)",
        "tar.extractall(path)",
        "np.load(path, allow_pickle=True)",
    ],
)
def test_the_scan_finds_what_it_looks_for(line, tmp_path):
    (tmp_path / "x.py").write_text(line)
    assert list(offences(tmp_path / "x.py"))
