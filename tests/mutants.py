"""Mutation testing: make one small change in the code at a time, and see whether a test notices.

python tests/mutants.py [--minutes 30] [--only splits] [--survivors]

Needs `sh scripts/setup.sh dev codecs mutants`. cosmic-ray makes the mutants; which modules, and the
tests that have to notice, are in mutants_modules.py. They are tried in an order that is random but
always the same, so what is done when the minutes are over is a random sample, and the same command
goes on from there. A changed module has new mutants. Every mutant is tried in a process that is
forked after the import of Keras, which thus is not imported for each, in copies of the checkout.
A mutant is killed when a test fails; it hangs when its tests take LIMIT seconds of a processor.
"""

import argparse
import contextlib
import gc
import hashlib
import importlib
import json
import multiprocessing
import os
import re
import resource
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from mutants_modules import EQUAL, GROUPS

ROOT = Path(__file__).parents[1]
KEPT = ROOT / "logs" / "mutants"  # a line of JSON for every mutant that was tried
WORKERS, LIMIT, LONGEST = 2, 60, 600  # seconds of a processor, and of the clock
HEAVY = (
    "concurrent.futures.process cv2 filelock h5py keras matplotlib multiprocessing.pool pandas "
    "PIL.Image PIL.ImageOps pytest _pytest.pytester scipy.optimize scipy.signal scipy.sparse "
    "scipy.stats sklearn.metrics sklearn.linear_model soundfile soxr tensorflow tqdm xml.etree"
)
MEMORY = 1 << 33  # bytes of data, of a mutant that asks for more and more
# Of the replacements of an operator those that are plausible: a test that fails since a sum has
# become a shift says little. `|` is in annotations, or merges dicts, where `&` always fails.
PLAUSIBLE = re.compile(
    r"core/(ReplaceBinaryOperator_(Add_Sub|Sub_Add|Mul_Div|Div_Mul|FloorDiv_Div|Mod_FloorDiv"
    r"|Pow_Mul|LShift_RShift|RShift_LShift|BitAnd_BitOr)"
    r"|ReplaceComparisonOperator_(Eq_NotEq|NotEq_Eq|Is_IsNot|IsNot_Is|Lt_LtE|LtE_Lt|Gt_GtE|GtE_Gt)"
    r"|ReplaceUnaryOperator_(USub_UAdd|Delete_Not|Delete_Invert)|AddNot|ReplaceTrueWithFalse"
    r"|ReplaceFalseWithTrue|ReplaceAndWithOr|ReplaceOrWithAnd|ReplaceBreakWithContinue"
    r"|ReplaceContinueWithBreak|ExceptionReplacer|NumberReplacer|RemoveDecorator"
    r"|ZeroIterationForLoop)$"
)


def mutants_of(group: str, module: str, tests: str) -> list[dict]:
    """All mutants of a module but those of its help, and of the line that makes it a program."""
    from cosmic_ray import plugins
    from cosmic_ray.ast import ast_nodes, get_ast

    code, found = (ROOT / module).read_text(), []
    lines = code.splitlines()
    for name in filter(PLAUSIBLE.match, plugins.operator_names()):
        operator = plugins.get_operator(name)()
        nodes = ast_nodes(get_ast(code))
        places = [place for node in nodes for place, _ in operator.mutation_positions(node)]
        for number, (line, _) in enumerate(places):
            if not re.search("__(name|doc)__", lines[line - 1]):
                told = {"group": group, "module": module, "operator": name, "number": number}
                key = hashlib.sha256(json.dumps([code, told]).encode()).hexdigest()[:16]
                found.append(told | {"key": key, "line": line, "tests": tests})
    return found


def all_mutants(only: list[str] | None) -> list[dict]:
    """In the order in which they are tried."""
    groups = {name: modules for name, modules in GROUPS.items() if not only or name in only}
    parts = [
        mutants_of(group, module, tests)
        for group, modules in groups.items()
        for module, tests in modules.items()
    ]
    return sorted((mutant for part in parts for mutant in part), key=lambda m: m["key"])


def tried(first: bool = False) -> dict[str, dict]:
    """What is known of mutants, by key; the newest counts, or the first."""
    lines = [line for path in KEPT.glob("*.jsonl") for line in path.read_text().splitlines()]
    found = sorted(map(json.loads, lines), key=lambda line: line["when"], reverse=first)
    return {line["key"]: line for line in found}


def mutated(mutant: dict, code: str) -> str:
    from cosmic_ray import plugins
    from cosmic_ray.mutating import mutate_code

    return mutate_code(code, plugins.get_operator(mutant["operator"])(), mutant["number"])


def changed_lines(before: str, after: str) -> list[str]:
    """The lines of after that before has not."""
    pairs = zip(before.splitlines(), after.splitlines(), strict=False)
    return [new.strip() for old, new in pairs if old != new] or ["a line less"]


def outcome_of(tests: str, output: Path) -> tuple[str, float]:
    """Whether the tests kill what lies in the working folder, and the seconds of a processor."""
    child = os.fork()
    if child == 0:
        _be_tested(tests, output)
    over, _, _ = select.select([os.pidfd_open(child)], [], [], LONGEST)
    if not over:
        os.kill(child, signal.SIGKILL)
    _, status, used = os.wait4(child, 0)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child, signal.SIGKILL)  # what a test has started and left
    code = os.waitstatus_to_exitcode(status)
    hung = not over or code in (-signal.SIGXCPU, -signal.SIGKILL)
    what = "hung" if hung else "killed" if code else "survived"
    return what, round(used.ru_utime + used.ru_stime, 2)


def _be_tested(tests: str, output: Path) -> None:
    import pytest

    os.setsid()
    resource.setrlimit(resource.RLIMIT_CPU, (LIMIT, LIMIT))
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
    with open(output, "wb") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    code = 1
    try:
        base = f"--basetemp={output.parent / 'pytest'}"
        words = re.findall(r'"[^"]*"|\S+', tests)
        code = pytest.main(["-xq", "-pno:cacheprovider", base, *(w.strip('"') for w in words)])
    finally:
        sys.stdout.flush()
        os._exit(code)


def checkout(folder: Path) -> Path:
    """A copy of the checkout as it lies there, with byte code that is checked by content."""
    place = folder / "checkout"
    listed = ["git", "ls-files", "-coz", "--exclude-standard"]
    names = subprocess.run(listed, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, names.split("\0")):
        if (ROOT / name).is_file():
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, place / name)
    compiled = [sys.executable, "-m", "compileall", "-q", "--invalidation-mode", "checked-hash"]
    subprocess.run([*compiled, "cifar", "audio", "helmholtz"], cwd=place, check=True)
    return place


def work(number: int, mutants: list[dict], until: float) -> None:
    """Try mutants until the time is over; each worker has a checkout and a file of its own."""
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        place, output = checkout(Path(folder)), Path(folder) / "output"
        os.chdir(place)
        sys.path[:0] = [str(place)]
        os.environ |= {"PYTHONPATH": str(place), "TF_CPP_MIN_LOG_LEVEL": "3"}
        os.environ |= {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        sys.dont_write_bytecode = False  # all but tests is checked by content: see checkout
        _import_what_is_heavy()
        passed = set()
        for mutant in mutants[number::WORKERS]:
            if time.time() > until:
                return
            if mutant["tests"] not in passed:
                _require_success(mutant["tests"], output)
                passed.add(mutant["tests"])
            _try(mutant, place, output, KEPT / f"{number}.jsonl")


def _require_success(tests: str, output: Path) -> None:
    """Exit unless the tests pass on the code as it is."""
    what, seconds = outcome_of(tests, output)
    print(f"unchanged: {what}, {seconds:.1f} s: {tests}", flush=True)
    if what != "survived":
        raise SystemExit(output.read_text(errors="replace")[-3000:])


def _import_what_is_heavy() -> None:
    """What is imported, and started, before the fork: nothing that TensorFlow computes."""
    for name in HEAVY.split():
        importlib.import_module(name)
    gc.freeze()  # or each child's collector goes through, and so copies, all that was imported


def _try(mutant: dict, place: Path, output: Path, kept: Path) -> None:
    path = place / mutant["module"]
    code = path.read_text()
    new = mutated(mutant, code)
    path.write_text(new)
    what, seconds = outcome_of(mutant["tests"], output)
    path.write_text(code)
    lines = output.read_text(errors="replace").splitlines()
    first = next((line for line in lines if line.startswith(("FAILED", "ERROR"))), "")
    told = {"key": mutant["key"], "what": what, "seconds": seconds, "when": time.time()}
    told |= {"said": first, "lines": changed_lines(code, new)}
    with open(kept, "a") as file:
        file.write(json.dumps(told) + "\n")


def equal(mutant: dict, result: dict) -> bool:
    """Whether a survivor is known to behave as the code does."""
    return result["what"] == "survived" and (mutant["module"], result["lines"][0]) in EQUAL


def show(mutants: list[dict], results: dict[str, dict]) -> None:
    """A row for each group, the share that is killed, and the survivors."""
    pairs = [(mutant, results[mutant["key"]]) for mutant in mutants if mutant["key"] in results]
    print("| group | mutants | tried | equal | killed | hung | survived | share |")
    for group in [*(name for name in GROUPS if any(name == m["group"] for m in mutants)), "all"]:
        made = sum(group in (mutant["group"], "all") for mutant in mutants)
        some = [(m, r) for m, r in pairs if group in (m["group"], "all")]
        whats = ["equal" if equal(m, r) else r["what"] for m, r in some]
        counts = [whats.count(what) for what in ("equal", "killed", "hung", "survived")]
        dead, judged = counts[1] + counts[2], len(some) - counts[0]
        cells = [group, made, len(some), *counts, f"{dead / max(1, judged):.3f}"]
        print("|", " | ".join(map(str, cells)), "|")
    firsts = tried(first=True)
    known = [firsts[m["key"]]["what"] != "survived" for m, r in pairs if not equal(m, r)]
    print(f"killed: {dead} of {judged}; {_interval(sum(known), len(known))}")
    print(f"{sum(r['seconds'] for _, r in pairs) / 60:.1f} minutes of a processor")
    for mutant, result in sorted(pairs, key=lambda pair: (pair[0]["module"], pair[0]["line"])):
        if result["what"] != "killed" and not equal(mutant, result):
            where = f"{mutant['module']}:{mutant['line']}"
            print(f"{result['what']}: {where}: {result['lines'][0]}  ({mutant['operator'][5:]})")


def _interval(killed: int, judged: int) -> str:
    """Of first tries: tests that were written for survivors say nothing of mutants not tried."""
    from scipy import stats

    ends = stats.binomtest(killed, max(1, judged)).proportion_ci(method="wilson")
    share = f"{killed / max(1, judged):.3f} ({ends.low:.3f} to {ends.high:.3f}, 95 %, Wilson)"
    return f"at the first try {killed}, {share}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--minutes", type=float, default=30, help="0 shows what is known")
    parser.add_argument("--only", nargs="+", choices=GROUPS, metavar="GROUP", help="groups to try")
    parser.add_argument("--survivors", action="store_true", help="try those again, and no others")
    args = parser.parse_args()
    KEPT.mkdir(parents=True, exist_ok=True)
    mutants, known = all_mutants(args.only), tried()
    left = [m for m in mutants if m["key"] not in known]
    if args.survivors:
        left = [m for m in mutants if known.get(m["key"], {}).get("what") == "survived"]
        left = [m for m in left if not equal(m, known[m["key"]])]
    until, context = time.time() + 60 * args.minutes, multiprocessing.get_context("spawn")
    if left and args.minutes:
        jobs = [context.Process(target=work, args=(i, left, until)) for i in range(WORKERS)]
        for job in jobs:
            job.start()
        for job in jobs:
            job.join()
        if any(job.exitcode for job in jobs):
            raise SystemExit("The tests fail on the code as it is.")
    show(mutants, tried())


if __name__ == "__main__":
    main()
