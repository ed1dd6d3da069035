"""The runs of a sweep: which they are, where they are, and what to do about each."""

import argparse
import csv
import itertools
from dataclasses import dataclass
from pathlib import Path

from helmholtz import domain, flags
from helmholtz.codec import Codec
from helmholtz.data import prepare_command
from helmholtz.domain import Domain
from helmholtz.errors import UsageError
from helmholtz.io import run_state, runs
from helmholtz.training import evaluate_command, train_command

DECIDED_HERE = ("resume", "overwrite", "log_dir")  # flags that a sweep gives every run


@dataclass(eq=False)
class Run:
    """One run of a sweep: what it is, and how far this launcher has got with it."""

    number: int
    domain: Domain
    flags: list[str]  # for train.py
    args: argparse.Namespace  # the same, parsed
    source: str  # its name
    folder: Path
    asked: run_state.Wanted
    state: str = "waiting"  # or queued, running, done, failed, elsewhere: another launcher has it
    note: str = ""  # why it failed
    failures: int = 0
    losses: int = 0  # times in a row that the machine under it was lost
    reached: int = 0  # epochs that it had at the last of them
    code: int | str = 0  # that its last attempt ended with, where that failed

    @property
    def codec(self) -> Codec:
        return self.domain.codecs[self.args.codec]

    @property
    def rate(self) -> int:
        return flags.rate_of(self.args, self.domain)

    @property
    def names(self) -> tuple[str, str, str]:
        """Its rate, network and seed."""
        return self.codec.rate_name(self.rate), self.args.model, str(self.args.seed)

    @property
    def name(self) -> str:
        return "{}  {}  seed {}".format(*self.names)


def plan(args: argparse.Namespace, rest: list[str]) -> list[Run]:
    """Every run of a sweep, in the order of seeds, networks, codecs and rates.

    args: the sweep's own flags. rest: flags of train.py for all runs. train.py itself checks
    them; raises its UsageError or DataError.
    """
    half = domain.get(args.domain)
    wanted = _all_words(half, args, rest)
    parsed = [(words, train_command.parse_args(half, "", words)) for words in wanted]
    _refuse_own_flags(parsed[0][1])
    if not flags.rate_of(args, half) and not parsed[0][1].train_dir:
        parsed = _fitting(half, parsed)
    source, found = _source_name(half, [options for _, options in parsed]), {}
    for words, options in parsed:
        if options.precision:  # also on a node whose own choice would be another
            words = [*words, "--precision", options.precision]
        rate = flags.rate_of(options, half)
        folder = runs.folder_of(half, options, source, rate, args.log_dir)
        asked = train_command.request(half, options, source, rate)
        run = Run(len(found), half, words, options, source, folder, asked)
        found.setdefault(folder, run)  # a rate given twice is one run
    return list(found.values())


def _all_words(half: Domain, args: argparse.Namespace, rest: list[str]) -> list[list[str]]:
    """The flags of train.py for every run."""
    networks = [("--model", name) for name in args.model or []]
    networks = networks or [("--setting", str(number)) for number in args.setting]
    return [
        [*rest, f"--{half.flag}", str(rate), "--codec", codec.name,
         *network, "--seed", str(seed)]
        for seed, network in itertools.product(args.seed, networks)
        for codec, rate in flags.chosen(args, half)
    ]  # fmt: skip


def _fitting(half: Domain, parsed: list[tuple]) -> list[tuple]:
    """The runs of the codecs' grids at those rates that the data can have.

    Raises UsageError where there is none of them.
    """
    facts = half.facts(parsed[0][1])
    found = [
        (words, options)
        for words, options in parsed
        if half.codecs[options.codec].fitting([flags.rate_of(options, half)], facts)
    ]
    if not found:
        codec = half.codecs[parsed[0][1].codec]
        codec.check_data(codec.grid, facts, half.flag)
    return found


def _refuse_own_flags(options: argparse.Namespace) -> None:
    """Raise UsageError for abbreviated flags, which reach train.py past the sweep's own."""
    for name in DECIDED_HERE:
        if getattr(options, name):
            raise UsageError(
                f"--{name} is not passed on to train.py: every run has its own folder and is "
                "resumed by itself. Leave it out; a sweep takes --overwrite and --log_dir in full."
            )


def _source_name(half: Domain, parsed: list[argparse.Namespace]) -> str:
    """The source's name in the path of runs; DataError when there is no such source."""
    if parsed[0].train_dir is None:
        return half.open_source(parsed[0]).name
    every_rate = {flags.rate_of(options, half): options for options in parsed}
    loaded = [train_command.load(half, options) for options in every_rate.values()]
    return {data.attributes["source"] for data in loaded}.pop()


def source_flags(run: Run) -> list[str]:
    """The flags that a run shares with prepare.py, without the rate."""
    found = []
    for name in vars(prepare_command.parse_args(run.domain, "", [])):
        value = getattr(run.args, name, None)
        if name != run.domain.flag and value not in (None, False):
            found += [f"--{name}"] if value is True else [f"--{name}", str(value)]
    return found


def evaluations(args: argparse.Namespace, all_runs: list[Run]) -> list[list[str]]:
    """The flags of evaluate.py, checked, for the runs of every own network and for all others."""
    half = domain.get(args.domain)
    rates = getattr(args, f"test_{half.flag}")
    if not rates or not all_runs:
        return []
    if all_runs[0].args.train_dir:
        raise UsageError(f"--test_{half.flag} needs the source of the data: leave --train_dir out.")
    folders, found = {}, []
    for run in all_runs:
        folders.setdefault(getattr(run.args, "own", None), []).append(run.folder)
    for own, some in folders.items():
        words = ["--log_dir", *some, f"--{half.flag}", *rates, "--codec", *args.codec]
        found.append([str(word) for word in words + (["--model", own] if own else [])])
        evaluate_command.parse_args(half, "", found[-1])
    return found


def data_folder(run: Run) -> Path:
    """The folder of a run's prepared data."""
    folder = prepare_command.folder_of(run.domain, run.args, run.source, run.codec, run.rate)
    return run.args.train_dir or folder


def outlook(run: Run, overwrite: bool = False) -> run_state.Outlook:
    """What to do about a run."""
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
