"""answer.json and index.html of a question: what is known, the time used, and what is running."""

import hashlib
import json
import time
from argparse import Namespace
from contextlib import suppress

from helmholtz.answer.clock import RECENT, Clock
from helmholtz.answer.trials import Trial, Trials
from helmholtz.errors import DataError, UsageError
from helmholtz.io import runs
from helmholtz.io.files import LOCK, WAIT, acquire, remove_leftovers, write_json

FILE = "answer.json"
BEAT = 5.0  # seconds between two notes of the time used


class Journal:
    """The folder of a question, locked while in use. A question asked again goes on with it.

    The time used, and what was running when it ended, are those of the same question: the same
    runs and tolerance, whatever the budget.
    """

    def __init__(self, trials: Trials, args: Namespace, clock: Clock):
        first, self.clock, self.next = trials.baseline, clock, 0.0
        self.trials = trials.runs
        folders = sorted(str(run.folder) for some in trials.runs.values() for run in some)
        asked = json.dumps([folders, str(args.tolerance), first.asked.flags], default=str)
        root = args.log_dir or runs.LOGS
        self.folder = root / "answer" / f"{first.domain.name}-{trials.source}-{first.args.model}"
        self.known = {"question": hashlib.sha256(asked.encode()).hexdigest()[:16], "pending": []}

    def __enter__(self) -> "Journal":
        self.folder.mkdir(parents=True, exist_ok=True)
        self.lock = acquire(self.folder / LOCK, WAIT)
        if self.lock is None:
            raise UsageError(
                "Another process is already answering this question: see "
                f"{self.folder / 'index.html'}."
            )
        remove_leftovers(self.folder)
        with suppress(DataError, KeyError, TypeError, ValueError):  # a damaged one is made anew
            self._go_on(runs.read_json(self.folder / FILE))
        return self

    def _go_on(self, before: dict) -> None:
        """Take over what was known of the same question."""
        if before["question"] == self.known["question"]:
            used, taken = float(before["used_seconds"]), [float(s) for s in before["run_seconds"]]
            pending = [Trial(*trial) for trial in before["pending"]]
            self.clock.go_on(used, taken)
            self.known = before | {"pending": [trial for trial in pending if trial in self.trials]}

    def __exit__(self, *_) -> None:
        self.beat(now=True)
        self.lock.release()

    def pending(self, found) -> list[Trial]:
        """Trials that were started and are not finished: they come first, so that a question that
        was interrupted goes the same way as one that was not."""
        return [trial for trial in self.known["pending"] if trial not in found]

    def note(self, pending: list[Trial]) -> None:
        """These trials are running."""
        self.known["pending"] = pending
        self.beat(now=True)

    def write(self, told: dict) -> None:
        """Keep what is known now."""
        self.known |= told
        self.beat(now=True)

    def beat(self, now: bool = False) -> None:
        """Note the time used, now and then, for the case that this process is killed."""
        if now or time.monotonic() > self.next:
            self.next = time.monotonic() + BEAT
            self.known["used_seconds"] = round(self.clock.used, 1)
            self.known["run_seconds"] = [round(s, 1) for s in self.clock.taken[-RECENT:]]
            write_json(self.folder / FILE, self.known)
