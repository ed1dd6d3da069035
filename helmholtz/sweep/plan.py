"""The runs of a sweep: which they are, where they are, and what is left to do for each."""

import argparse
import csv
import fcntl
import importlib
import itertools
from dataclasses import dataclass
from pathlib import Path

from helmholtz import cli, runs
from helmholtz.cli import DataError, UsageError

RATES = {"cifar": "quality", "audio": "bitrate"}
SWEPT_ALONE = ("resume", "overwrite", "log_dir")  # what a sweep decides for every run


@dataclass(eq=False)
class Run:
    """One run of a sweep: what it is, and how far this launcher has got with it."""

    number: int
    domain: str
    rate: int
    model: str
    seed: int
    source: str  # its name
    folder: Path
    flags: list[str]  # for train.py
    args: argparse.Namespace  # the same, parsed
    state: str = "waiting"  # or queued, running, done, failed, elsewhere: another launcher has it
    note: str = ""  # why it failed
    starts: int = 0
    failures: int = 0
    losses: int = 0  # times that the machine under it was lost

    @property
    def name(self) -> str:
        return f"{RATES[self.domain]} {self.rate}  {self.model}  seed {self.seed}"


def plan(args: argparse.Namespace, rest: list[str]) -> list[Run]:
    """Every run of a sweep, in the order of seeds, networks and rates.

    args: the sweep's own flags. rest: flags of train.py for all runs. Everything is checked as
    train.py itself checks it; raises UsageError or DataError with its sentence.
    """
    train, prepare = _modules(args.domain)
    rate = RATES[args.domain]
    rates = getattr(args, rate) or getattr(prepare.parse_args([]), rate)  # the published ones
    lists = (args.seed, _settings(args, train.MODELS), rates)
    flags = [
        [*rest, f"--{rate}", str(r), "--setting", str(s), "--seed", str(n)]
        for n, s, r in itertools.product(*lists)
    ]
    parsed = [train.parse_args(one) for one in flags]
    _refuse_own_flags(parsed[0])
    source = _source_name(prepare, parsed)
    found = {}
    for one, options in zip(flags, parsed, strict=True):
        model = cli.chosen_model(options, train.MODELS)
        r, seed = getattr(options, rate), options.seed
        place = runs.place(args.domain, source, model, f"{rate}_{r}", seed)
        folder = (args.log_dir or runs.LOGS) / place
        new = Run(len(found), args.domain, r, model, seed, source, folder, one, options)
        found.setdefault(folder, new)  # a rate given twice is one run
    return list(found.values())


def _modules(domain: str) -> tuple:
    """The domain's train.py and prepare.py, which import nothing heavy."""
    return tuple(importlib.import_module(f"{domain}.{name}") for name in ("train", "prepare"))


def _settings(args: argparse.Namespace, models: list[str]) -> list:
    """Numbers of networks, from --setting or --model."""
    unknown = [name for name in args.model or [] if name not in models]
    if unknown:
        raise UsageError(f"There is no network {unknown[0]}: --model takes {', '.join(models)}.")
    return [models.index(name) for name in args.model or []] or args.setting


def _refuse_own_flags(options: argparse.Namespace) -> None:
    """Flags that reached train.py shortened, past the sweep's own."""
    for name in SWEPT_ALONE:
        if getattr(options, name):
            raise UsageError(
                f"Leave --{name} out or write it in full: a sweep resumes by itself, and gives "
                f"every run its own folder."
            )


def _source_name(prepare, parsed: list[argparse.Namespace]) -> str:
    """The source's name in the path of runs; DataError when there is no such source."""
    if parsed[0].train_dir is None:
        return prepare.source_name(parsed[0])
    rate = next(name for name in RATES.values() if hasattr(parsed[0], name))
    every_rate = {getattr(options, rate): options for options in parsed}
    return {prepare.load(options).attributes["source"] for options in every_rate.values()}.pop()


def source_flags(run: Run) -> list[str]:
    """Those flags of a run that prepare.py has too, but for the rate."""
    prepare = _modules(run.domain)[1]
    found = []
    for name in vars(prepare.parse_args([])):
        value = getattr(run.args, name)
        if name != RATES[run.domain] and value not in (None, False):
            found += [f"--{name}"] if value is True else [f"--{name}", str(value)]
    return found


def data_folder(run: Run) -> Path:
    """Where the prepared data of a run lies, or will."""
    data = importlib.import_module(f"{run.domain}.sources").data_root(run.args.data_dir)
    return run.args.train_dir or data / run.source / f"{RATES[run.domain]}_{run.rate}"


def outlook(run: Run, overwrite: bool = False) -> tuple[str, str]:
    """What is to be done about a run: start, resume, skip or refuse; and why, or from where."""
    finished = (run.folder / "result.json").exists()
    kept = runs.checkpoints(run.folder)
    begun = finished or kept
    if overwrite or not begun:
        return "start", "anew" if begun else ""
    changed = changes(run, finished)
    if changed:
        return "refuse", f"{'finished' if finished else 'interrupted'} with {'; '.join(changed)}"
    if finished:
        return "skip", "finished"
    done, wanted = max(kept), run.args.num_epoch
    if done > wanted:
        return "refuse", f"interrupted after epoch {done}, beyond --num_epoch {wanted}"
    return "resume", f"after epoch {done}"


def changes(run: Run, finished: bool) -> list[str]:
    """How the flags of a run that is there differ from those that are wanted now.

    An interrupted run has to be what train.py --resume accepts; of a finished one what matters
    is the number of epochs too, but not how the flags named what its folder stands for.
    """
    ignored = runs.FREE_FLAGS
    if finished:
        ignored = ignored - {"num_epoch"} | {"setting", "model", "source", RATES[run.domain]}
    try:
        old = runs.read_json(run.folder / "setting.json").get("flags")
    except DataError as error:
        return [str(error)]
    old = old if isinstance(old, dict) else {}
    new = {k: str(v) if isinstance(v, Path) else v for k, v in vars(run.args).items()}
    return [
        f"--{key} {old.get(key)}, not {new.get(key)}"
        for key in sorted((old.keys() | new.keys()) - ignored)
        if old.get(key) != new.get(key)
    ]


def epochs(run: Run) -> tuple[int, float | None]:
    """Epochs in a run's history, and the last one's validation accuracy."""
    try:
        with open(run.folder / "history.csv", newline="", encoding="utf-8") as file:
            last = list(csv.DictReader(file))[-1]
        return int(last["epoch"]), float(last["val_acc"])
    except (OSError, IndexError, KeyError, TypeError, ValueError):
        return 0, None


def claim(folder: Path):
    """Take a run for this launcher; None when another has it.

    Returns an open file, whose lock ends when it is closed or when this process ends in any way.
    Children do not inherit it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    file = open(folder / ".claim", "a")  # noqa: SIM115
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        return None
    return file
