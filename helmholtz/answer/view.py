"""What the user sees while it runs: a live table on a terminal, lines elsewhere, and the page."""

import json
import sys
import time

from rich import live
from rich.console import Group
from rich.text import Text

from helmholtz import console
from helmholtz.analysis.wording import plural
from helmholtz.answer import page, said
from helmholtz.answer.clock import Clock, spoken
from helmholtz.answer.inquiry import Inquiry, Verdict
from helmholtz.answer.journal import Journal
from helmholtz.answer.trials import Trial
from helmholtz.io import runs
from helmholtz.sweep import plan
from helmholtz.sweep.plan import Run
from helmholtz.sweep.table import result

COLUMNS = ("rate", "bits", "seeds", "difference, for other seeds and items", "")


class View:
    """Lines go to the standard output, or with --json, which prints JSON there, to the error."""

    def __init__(self, inquiry: Inquiry, clock: Clock, journal: Journal, as_json: bool):
        self.inquiry, self.clock, self.journal, self.as_json = inquiry, clock, journal, as_json
        self.console, self.planned = console.make(sys.stderr if as_json else sys.stdout), False
        self.block = live.Live(console=self.console, auto_refresh=False, transient=True)
        if self.console.is_terminal:
            self.block.start()

    def say(self, *sentences: str) -> None:
        for sentence in filter(None, sentences):
            self.console.print(sentence, soft_wrap=True)
        self.console.file.flush()

    def event(self, run: Run, what: str) -> None:
        """What happened to a run."""
        if run.state == "done":
            what = "already done" if run.note else runs.accuracies(result(run))
        elif run.state == "running":
            return
        self.say(f"{time.strftime('%H:%M:%S')}  {run.name}: {what}")

    def judged(self, batch: list[Trial]) -> None:
        """Trials have ended: say what is known of their rates now."""
        self.plan()
        tried = {trial.cell for trial in batch}
        for verdict in self.inquiry.verdicts:
            if verdict.margin and (verdict.cell in tried or any(not rate for _, rate in tried)):
                name = said.name(self.inquiry, verdict)
                cost = said.difference(self.inquiry, verdict)
                seeds = plural(verdict.margin.seeds, "seed")
                self.say(f"          {name}: {cost}, {seeds}: {verdict.said}")
        self._keep(running=True)

    def plan(self) -> None:
        """Say once what fits into the time left, as soon as it is known what a run takes."""
        if self.planned or not self.clock.trial:
            return
        self.planned, trial, left = True, self.clock.trial, self.clock.left
        rates = sum(map(len, self.inquiry.orders.values()))
        self.say(
            f"A rate and seed takes about {spoken(trial)}: about {left / trial:.0f} more fit into "
            f"the {spoken(left)} left. All {rates} rates with three seeds would take "
            f"{spoken(3 * (rates + 1) * trial)}."
        )

    def refresh(self, running: list[Run]) -> None:
        self.plan()
        if self.block.is_started:
            self.block.update(self._view(running), refresh=True)

    def _view(self, running: list[Run]) -> Group:
        table = console.table(COLUMNS, map(self._row, self.inquiry.verdicts))
        told = [
            f"{run.name}, epoch {plan.epochs(run)[0]}" for run in running if run.state == "running"
        ]
        left = f"{spoken(max(0, self.clock.left))} left. Running: {'; '.join(told)}"
        return Group(table, Text(left, no_wrap=True, overflow="ellipsis"))

    def _row(self, verdict: Verdict) -> tuple[str, ...]:
        bits, margin = self.inquiry.trials.bits(verdict.codec, verdict.rate), verdict.margin
        cost = said.difference(self.inquiry, verdict) if margin else "-"
        seeds = str(margin.seeds) if margin else "0"
        name = said.name(self.inquiry, verdict)
        return name, f"{bits:,.0f}" if bits else "-", seeds, cost, verdict.said

    def end(self, lines: list[str], notes: list[str], size: tuple[int, int] | None) -> None:
        """Say the answer, on the page too; size: of sizes.estimated."""
        now, then = size or (None, None)
        told = {"lines": lines, "notes": notes, "bytes_now": now, "bytes_then": then}
        told = self._keep(told, running=False)
        if self.as_json:
            print(json.dumps(told, indent=2))
            return
        self.say(
            "", *lines, "", *notes, f"The page: {self.journal.folder.resolve() / 'index.html'}"
        )

    def _keep(self, more: dict | None = None, *, running: bool) -> dict:
        told = page.facts(self.inquiry, self.clock) | {"lines": [], "notes": []} | (more or {})
        self.journal.write(told)
        page.write(self.journal.folder, told, running)
        return told

    def close(self) -> None:
        self.block.stop()
        self._keep(running=False)  # until end adds the answer
