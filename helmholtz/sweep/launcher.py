"""Work through a list of runs on an engine: claims, retries, and an orderly end."""

import time
from collections import deque

from helmholtz.io import run_state
from helmholtz.io.files import remove_leftovers
from helmholtz.sweep import plan
from helmholtz.sweep.plan import Run

PAUSE = 0.05  # seconds between two looks at what is running
GRACE = 20  # seconds for a run to stop by itself
HOPELESS = (2, 3)  # exit codes that another attempt gives again: usage and data
LOST = "lost"  # in place of an exit code: the machine under the run went away
LOSSES = 5  # times that a run may lose its machine before that counts as its own failure


class Launcher:
    """Runs what is to be run, as many at a time as the engine has room for.

    The engine has has_room(); start(run, flags) -> job, which also sets run.state; poll(job) ->
    exit code, LOST or None; and stop(jobs, seconds). show(run, what) is called when something
    happens to a run, and show() while nothing does.
    """

    def __init__(self, runs: list[Run], engine, retries: int, show):
        self.runs, self.waiting, self.jobs, self.claims = runs, deque(runs), {}, {}
        self.engine, self.retries, self.show = engine, retries, show

    def conduct(self) -> None:
        """Return when every run is done, failed, or another launcher's."""
        try:
            self._work()
            # What was elsewhere may be done by now, or its launcher gone.
            self.waiting.extend(run for run in self.runs if run.state == "elsewhere")
            self._work()
        finally:  # there are jobs only when something stopped us
            if self.jobs:
                self.engine.stop(list(self.jobs.values()), GRACE)

    def _work(self) -> None:
        while self.waiting or self.jobs:
            self._fill()
            self._collect()
            self.show()
            if self.jobs:
                time.sleep(PAUSE)

    def _fill(self) -> None:
        while self.waiting and self.engine.has_room():
            run = self.waiting.popleft()
            try:
                flags = self._take(run)
                job = None if flags is None else self.engine.start(run, [*run.flags, *flags])
            except OSError as error:  # as a disk that is full
                self._conclude(run, "failed", f"could not be started: {error}")
                continue
            if job is not None:
                self.jobs[run] = job
                run.starts += 1
                self.show(run, run.state + (", to be resumed" if "--resume" in flags else ""))

    def _take(self, run: Run) -> list[str] | None:
        """Claim a run; the flags to start it with, or None when there is nothing to start."""
        if run not in self.claims:
            claimed = run_state.take(run.folder)
            if claimed is None:
                return self._conclude(run, "elsewhere")
            self.claims[run] = claimed
            remove_leftovers(run.folder)  # of a run that was killed
        what, why = plan.outlook(run)  # only now: another launcher may have ended it
        if what == "skip":
            return self._conclude(run, "done", why)
        if what == "refuse":
            return self._conclude(run, "failed", why)
        return ["--resume"] if what == "resume" else []

    def _collect(self) -> None:
        for run, job in list(self.jobs.items()):
            code = self.engine.poll(job)
            if code is None:
                continue
            del self.jobs[run]
            if code == 0 and (run.folder / "result.json").exists():
                self._conclude(run, "done")
            else:
                self._fail(run, code)

    def _fail(self, run: Run, code) -> None:
        """Put a run back, or give it up."""
        run.losses += code == LOST
        run.failures += code != LOST or run.losses > LOSSES
        if code in HOPELESS or run.failures > self.retries:
            self._conclude(run, "failed", explain(code))
        else:
            run.state = "waiting"
            self.waiting.append(run)  # behind the others: time may cure what was wrong
            self.show(run, f"{explain(code)}; will be tried again")

    def _conclude(self, run: Run, state: str, note: str = "") -> None:
        run.state, run.note = state, note
        if run in self.claims:
            self.claims.pop(run).release()
        self.show(run, state)


def explain(code) -> str:
    """An exit code in words."""
    if code == LOST:
        return "the machine that it ran on was lost"
    if code < 0:
        return f"was killed by signal {-code}"
    meaning = {0: "without a result", 2: "wrong usage", 3: "bad data", 4: "the machine"}
    meaning |= {75: "stopped by somebody else"}
    return f"exit code {code} ({meaning.get(code, 'unexpected')})"
