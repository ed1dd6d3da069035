"""The runs of a sweep: which they are, where they are, and what is left to do for each."""

import argparse
import csv
import importlib
import itertools
from dataclasses import dataclass
from pathlib import Path

from helmholtz import domain, flags
from helmholtz.domain import Codec, Domain
from helmholtz.errors import UsageError
from helmholtz.io import run_state, runs
from helmholtz.training import train_command

SWEPT_ALONE = ("resume", "overwrite", "log_dir")  # what a sweep decides for every run


@dataclass(eq=False)
class Run:
    """One run of a sweep: what it is, and how far this launcher has got with it."""

    number: int
    domain: Domain
    codec: Codec
    rate: int
    model: str
    seed: int
    source: str  # its name
    folder: Path
    flags: list[str]  # for train.py
    args: argparse.Namespace  # the same, parsed
    asked: run_state.Wanted
    state: str = "waiting"  # or queued, running, done, failed, elsewhere: another launcher has it
    note: str = ""  # why it failed
    starts: int = 0
    failures: int = 0
    losses: int = 0  # times that the machine under it was lost

    @property
    def name(self) -> str:
        return f"{self.codec.rate_name(self.rate)}  {self.model}  seed {self.seed}"


def plan(args: argparse.Namespace, rest: list[str]) -> list[Run]:
    """Every run of a sweep, in the order of seeds, networks, codecs and rates.

    args: the sweep's own flags. rest: flags of train.py for all runs. Everything is checked as
    train.py itself checks it; raises UsageError or DataError with its sentence.
    """
    half = domain.get(args.domain)
    parsed = [(words, _parse(half, words)) for words in _all_words(half, args, rest)]
    _refuse_own_flags(parsed[0][1])
    source, found = _source_name(half, [options for _, options in parsed]), {}
    for words, options in parsed:
        rate = flags.rate_of(options, half)
        folder = runs.folder_of(half, options, source, rate, args.log_dir)
        found.setdefault(  # a rate given twice is one run
            folder,
            Run(
                len(found), half, half.codecs[options.codec], rate, options.model, options.seed,
                source, folder, words, options, train_command.request(half, options, source, rate),
            ),
        )  # fmt: skip
    return list(found.values())


def _all_words(half: Domain, args: argparse.Namespace, rest: list[str]) -> list[list[str]]:
    """The flags of train.py for every run."""
    rates = flags.rate_of(args, half)
    unknown = [name for name in args.model or [] if name not in half.networks]
    if unknown:
        names = ", ".join(half.networks)
        raise UsageError(f"There is no network {unknown[0]}: --model takes {names}.")
    numbers = list(half.networks)
    settings = [numbers.index(name) for name in args.model or []] or args.setting
    return [
        [*rest, f"--{half.flag}", str(rate), "--codec", codec,
         "--setting", str(setting), "--seed", str(seed)]
        for seed, setting, codec in itertools.product(args.seed, settings, args.codec)
        for rate in rates or half.codecs[codec].grid
    ]  # fmt: skip


def _parse(half: Domain, words: list[str]) -> argparse.Namespace:
    return _program(half, "train").parse_args(words)


def _program(half: Domain, name: str):
    """A half's train.py or prepare.py, which import nothing heavy."""
    return importlib.import_module(f"{half.name}.{name}")


def _refuse_own_flags(options: argparse.Namespace) -> None:
    """Flags that reached train.py shortened, past the sweep's own."""
    for name in SWEPT_ALONE:
        if getattr(options, name):
            raise UsageError(
                f"Leave --{name} out or write it in full: a sweep resumes by itself, and gives "
                f"every run its own folder."
            )


def _source_name(half: Domain, parsed: list[argparse.Namespace]) -> str:
    """The source's name in the path of runs; DataError when there is no such source."""
    if parsed[0].train_dir is None:
        return half.open_source(parsed[0]).name
    every_rate = {flags.rate_of(options, half): options for options in parsed}
    loaded = [train_command.load(half, options) for options in every_rate.values()]
    return {data.attributes["source"] for data in loaded}.pop()


def source_flags(run: Run) -> list[str]:
    """Those flags of a run that prepare.py has too, but for the rate."""
    found = []
    for name in vars(_program(run.domain, "prepare").parse_args([])):
        value = getattr(run.args, name)
        if name != run.domain.flag and value not in (None, False):
            found += [f"--{name}"] if value is True else [f"--{name}", str(value)]
    return found


def data_folder(run: Run) -> Path:
    """Where the prepared data of a run lies, or will."""
    folder = run.domain.data_root(run.args) / run.source / run.codec.folder(run.rate)
    return run.args.train_dir or folder


def outlook(run: Run, overwrite: bool = False) -> run_state.Outlook:
    """What is to be done about a run."""
    return run_state.outlook(run.folder, run.asked, overwrite)


def epochs(run: Run) -> tuple[int, float | None]:
    """Epochs in a run's history, and the last one's validation accuracy."""
    if run_state.marked(run.folder):
        return 0, None
    try:
        with open(run.folder / "history.csv", newline="", encoding="utf-8") as file:
            last = list(csv.DictReader(file))[-1]
        return int(last["epoch"]), float(last["val_acc"]) if last["val_acc"] else None
    except (OSError, IndexError, KeyError, TypeError, ValueError):
        return 0, None
