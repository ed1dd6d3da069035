"""From a question to its answer: one batch of runs after the other, as long as the budget lasts."""

import sys
import time
from argparse import Namespace
from pathlib import Path

from helmholtz.answer import said, session, sizes
from helmholtz.answer.clock import Clock, OutOfTime
from helmholtz.answer.inquiry import FAILED, Inquiry
from helmholtz.answer.journal import Journal
from helmholtz.answer.trials import Trial
from helmholtz.answer.view import View
from helmholtz.domain import Domain
from helmholtz.errors import BAD_DATA, WRONG_USAGE, DataError, MachineError, UsageError
from helmholtz.sweep import conduct, local_engine, plan, table
from helmholtz.sweep.launcher import Launcher
from helmholtz.sweep.plan import Run

MANY = 1000  # runs: more than there are places for
RETRIES = 1  # of a failed run
LOOK = 1.0  # seconds between two looks at how far runs are


def answer(half: Domain, args: Namespace, rest: list[str]) -> bool:
    """Train what may decide something; say what is known then; return if that is an answer."""
    conduct.check_engine_flags(args)
    clock = Clock(args.budget)
    trials, told = session.trials(half, args, rest, sys.stderr if args.json else None)
    with Journal(trials, args, clock) as journal:
        inquiry = Inquiry(trials, args.tolerance)
        view = View(inquiry, clock, journal, args.json)
        try:
            view.say(*told)
            Work(inquiry, clock, journal, view, args).conduct()
        finally:
            view.close()
        asked, chosen, size = trials.baseline.args, inquiry.chosen(), None
        source, mono = asked.source, getattr(asked, "mono", False)
        if chosen and Path(source).is_dir():
            codec = half.codecs[chosen.codec]
            size = sizes.estimated(Path(source), half, codec, chosen.rate, mono)
        view.end(said.lines(inquiry, clock, source, size), said.notes(inquiry), size)
    return inquiry.learned() and inquiry.answered()


def _error(code: int | str, text: str) -> Exception:
    """The error of a process that ended with a code."""
    return {WRONG_USAGE: UsageError, BAD_DATA: DataError}.get(code, MachineError)(text)


class Work:
    """The loop: choose trials, train them, look again."""

    def __init__(self, inquiry: Inquiry, clock: Clock, journal: Journal, view: View, args):
        self.inquiry, self.clock, self.journal, self.view = inquiry, clock, journal, view
        runs = [run for some in inquiry.trials.runs.values() for run in some]
        slots = []
        if args.engine == "local":
            slots = local_engine.slots(args.gpus, args.per_gpu, args.jobs, MANY)
        self.engine = conduct.open_engine(args, slots, runs)
        self.places, self.next, self.running = self.engine.places, 0.0, []
        clock.turns = inquiry.trials.folds / self.places

    def conduct(self) -> None:
        """Return when all is decided, or the budget is used."""
        trials = self.inquiry.trials
        while wanted := self.journal.pending(trials.found) or self.inquiry.wanted():
            folds = trials.folds
            batch = wanted[: max(1, self.places // folds)]
            turns = -(-len(batch) * folds // self.places)
            if not self.clock.fits(turns):
                return
            try:
                self._train(batch, turns)
            except OutOfTime:
                self.inquiry.look()  # some of the batch may have finished
                return

    def _train(self, batch: list[Trial], turns: int) -> None:
        runs = [run for trial in batch for run in self.inquiry.trials.runs[trial]]
        self.journal.note(batch)
        self.clock.start()
        self._prepare(runs)
        self.running = runs
        Launcher(runs, self.engine, RETRIES, self._show).conduct()
        self.clock.end(turns)
        self.journal.note([])
        self.inquiry.look()
        for trial in batch:
            self._check(trial)
        self.inquiry.look()  # without what has failed
        self.view.judged(batch)

    def _prepare(self, runs: list[Run]) -> None:
        """Make the data of runs; what that prints, train.log keeps."""
        for run in runs:
            run.folder.mkdir(parents=True, exist_ok=True)
        with open(runs[0].folder / "train.log", "a", encoding="utf-8") as log:
            for some in dict.fromkeys(run.source for run in runs):
                try:
                    conduct.prepare([run for run in runs if run.source == some], log)
                except SystemExit as end:
                    told = "\n".join(["The data were not prepared:", *table.log_end(runs[0])])
                    raise _error(end.code, told) from None

    def _check(self, trial: Trial) -> None:
        """Leave out a rate whose runs fail; without any baseline there is nothing to compare."""
        for run in self.inquiry.trials.runs[trial]:
            if run.state == "done":
                continue
            end = "\n".join([run.note or "another process trains it", *table.log_end(run)])
            if not trial.rate and not self.inquiry.base:
                raise _error(run.code, f"{run.name} was not trained: {end}")
            self.inquiry.without[trial.cell] = FAILED
            rest = "its rate is left out" if trial.rate else "no further seed can be compared"
            self.view.say(f"{run.name} was not trained, and {rest}: {end}")

    def _show(self, run=None, what: str = "") -> None:
        """What Launcher calls all the time."""
        if run:
            self.view.event(run, what)
        if time.monotonic() > self.next:
            self.next = time.monotonic() + LOOK
            first = self.running[0]
            self.clock.watch(plan.epochs(first)[0], first.args.num_epoch or 0)
            self.view.refresh(self.running)
            self.journal.beat()
            self.clock.check()
