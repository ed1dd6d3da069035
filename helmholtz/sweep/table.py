"""What a sweep prints: a line per event, a live view on a terminal, and a final table."""

import shlex
import time
from collections import Counter
from datetime import timedelta
from pathlib import Path

from rich import live
from rich.console import Group
from rich.text import Text

from helmholtz import console
from helmholtz.errors import DataError
from helmholtz.io import runs
from helmholtz.io.run_state import Outlook
from helmholtz.sweep import plan
from helmholtz.sweep.plan import Run

REFRESH = 1.0  # seconds
LOG_LINES = 5  # of a failed run
COLUMNS = ("rate", "model", "seed")


class Live:
    """Call it with a run and what happened to it, or without arguments to refresh the view."""

    def __init__(self, all_runs: list[Run]):
        self.runs, self.started, self.next = all_runs, time.monotonic(), 0.0
        self.before = {}  # epochs that a run had when it first started here
        self.console = console.make()
        self.block = live.Live(console=self.console, auto_refresh=False, transient=True)
        if self.console.is_terminal:
            self.block.start()

    def __call__(self, run: Run | None = None, what: str = "") -> None:
        if run is not None:
            if run.state in ("queued", "running"):
                self.before.setdefault(run, plan.epochs(run)[0])
            line = f"{time.strftime('%H:%M:%S')}  {run.name}: {_event(run, what)}"
            self.console.print(line, soft_wrap=True)
        if self.block.is_started and time.monotonic() >= self.next:
            self.block.update(self._view(), refresh=True)
            self.next = time.monotonic() + REFRESH
        self.console.file.flush()

    def close(self) -> None:
        self.block.stop()

    def _view(self) -> Group:
        running = [_progress(run) for run in self.runs if run.state == "running"]
        lines = [summary(self.runs, self.time_left()), *running][: self.console.height - 1]
        return Group(*(Text(line, no_wrap=True, overflow="ellipsis") for line in lines))

    def time_left(self) -> float | None:
        """Seconds, from the epochs that this launcher has seen; None before the first."""
        done = left = 0
        for run in self.runs:
            epoch = plan.epochs(run)[0] if run in self.before else 0
            done += max(0, epoch - self.before.get(run, 0))
            if run.state in ("waiting", "queued", "running"):
                left += max(0, (run.args.num_epoch or epoch) - epoch)
        return (time.monotonic() - self.started) * left / done if done else None


def _event(run: Run, what: str) -> str:
    if run.state != "done":
        return f"{what}: {run.note}" if run.note else what
    return "already done" if run.note else f"done, {runs.accuracies(result(run))}"


def _progress(run: Run) -> str:
    epoch, accuracy = plan.epochs(run)
    shown = "" if accuracy is None else f"  val_acc {accuracy:.3f}"
    return f"  {run.name}  epoch {epoch}/{run.args.num_epoch or '?'}{shown}"


def summary(all_runs: list[Run], seconds: float | None = None) -> str:
    """How many runs are in which state, and the seconds left if they are known."""
    counts = Counter(run.state for run in all_runs)
    states = ("done", "running", "waiting", "failed", "queued", "elsewhere")
    text = "  ".join(f"{counts[s]} {s}" for s in states if counts[s] or s in states[:4])
    return text if seconds is None else f"{text}  {timedelta(seconds=int(seconds))} left"


def listing(outlooks: dict[Run, Outlook]) -> None:
    """Print every run with its number and what to do about it."""
    rows = [(str(run.number), *run.names, *outlook) for run, outlook in outlooks.items()]
    console.make().print(console.table(["", *COLUMNS, "to do", ""], rows))


def final(all_runs: list[Run], root: Path) -> None:
    """Print all runs with their accuracy, and the end of the log of those that failed.

    Then how many are in which state, and the command that reports on root, their folder.
    """
    columns = [*COLUMNS, "state", "epochs", "val_acc", "test_acc"]
    out = console.make()
    out.print()
    out.print(console.table(columns, map(_final_row, all_runs)))
    for run in all_runs:
        if run.state == "failed":
            print(f"\n{run.name} failed: {run.note}. The end of {run.folder / 'train.log'}:")
            print("\n".join(f"    {line}" for line in log_end(run)))
    print(f"\n{summary(all_runs)}\nThe runs are in {root.resolve()}")
    print(f"Report on them: python -m helmholtz.report {shlex.quote(str(root.resolve()))}")


def _final_row(run: Run) -> tuple:
    found = result(run) if run.state == "done" else {}
    numbers = [found.get(key) for key in ("best_val_acc", "test_acc")]
    numbers = ["-" if value is None else f"{value:.4f}" for value in numbers]
    count = found.get("epochs") or plan.epochs(run)[0]
    return *run.names, run.state, str(count), *numbers


def log_end(run: Run) -> list[str]:
    """The last lines of a run's last attempt in train.log."""
    try:
        text = (run.folder / "train.log").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return []
    text = text.rpartition("\n$ ")[2]  # the command, which begins an attempt
    return [line for line in text.splitlines() if line.strip()][-LOG_LINES:]


def result(run: Run) -> dict:
    """What result.json of a finished run says, or that it says nothing."""
    try:
        return runs.read_json(run.folder / "result.json")
    except DataError:
        return {"best_val_acc": float("nan"), "best_epoch": "?"}
