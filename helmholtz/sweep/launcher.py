"""Train a list of runs on an engine: claims, retries, and an orderly end."""

import time
from collections import deque

from helmholtz.errors import BAD_DATA, DONE, INTERRUPTED, MACHINE_FAILED, WRONG_USAGE
from helmholtz.io import run_state
from helmholtz.io.files import remove_leftovers
from helmholtz.sweep import plan
from helmholtz.sweep.plan import Run

PAUSE = 0.05  # seconds between two looks at what is running
GRACE = 20  # seconds for a run to stop by itself
HOPELESS = (WRONG_USAGE, BAD_DATA)  # exit codes that another attempt would give again
LOST = "lost"  # instead of an exit code: the machine under the run was lost
LOSSES = 5  # times in a row, without a new epoch, that a run may lose its machine; then it failed
MEANINGS = {DONE: "without a result", WRONG_USAGE: "wrong usage", BAD_DATA: "bad data"}
MEANINGS |= {MACHINE_FAILED: "the machine", INTERRUPTED: "interrupted from outside"}


class Launcher:
    """Trains what is left to train, as many runs at a time as the engine has room for.

    The engine has has_room(); start(run, flags) -> job, which also sets run.state; poll(job) ->
    exit code, LOST or None; stop(jobs, seconds); and places, the runs that fit at a time.
    show(run, what) is called when something happens to a run, and show() between.
    """

    def __init__(self, runs: list[Run], engine, retries: int, show):
        self.runs, self.waiting, self.jobs, self.claims = runs, deque(runs), {}, {}
        self.engine, self.retries, self.show = engine, retries, show

    def conduct(self) -> None:
        """Return when every run is done, failed, or another launcher's."""
        try:
            self._work()
            # By now these may be done, or their launcher may be gone.
            self.waiting.extend(run for run in self.runs if run.state == "elsewhere")
            self._work()
        finally:  # jobs are left only after an interruption
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
            except OSError as error:  # such as a full disk
                self._end(run, "failed", f"could not be started: {error}")
                continue
            if job is not None:
                self.jobs[run] = job
                self.show(run, run.state + (", to be resumed" if "--resume" in flags else ""))

    def _take(self, run: Run) -> list[str] | None:
        """Claim a run; the flags to start it with, or None when it need not start."""
        if run not in self.claims:
            claimed = run_state.take(run.folder)
            if claimed is None:
                return self._end(run, "elsewhere")
            self.claims[run] = claimed
            remove_leftovers(run.folder)  # of a killed run
        what, why = plan.outlook(run)  # only now: another launcher may have finished it
        if what == "skip":
            return self._end(run, "done", why)
        if what == "refuse":
            return self._end(run, "failed", why)
        return ["--resume"] if what == "resume" else []

    def _collect(self) -> None:
        for run, job in list(self.jobs.items()):
            code = self.engine.poll(job)
            if code is None:
                continue
            del self.jobs[run]
            if code == 0 and (run.folder / "result.json").exists():
                self._end(run, "done")
            else:
                self._fail(run, code)

    def _fail(self, run: Run, code) -> None:
        """Try a run again later, or give it up."""
        if code == LOST:
            self._count_loss(run)
        run.code = code
        run.failures += code != LOST or run.losses > LOSSES
        if code in HOPELESS or run.failures > self.retries:
            self._end(run, "failed", explain(code))
        else:
            run.state = "waiting"
            self.waiting.append(run)  # behind the others: the cause may pass
            self.show(run, f"{explain(code)}; will be tried again")

    def _count_loss(self, run: Run) -> None:
        """Machines may come and go: an epoch since the last loss makes this the first again."""
        epoch = plan.epochs(run)[0]
        run.losses = run.losses + 1 if epoch <= run.reached else 1
        run.reached = epoch

    def _end(self, run: Run, state: str, note: str = "") -> None:
        run.state, run.note = state, note
        if run in self.claims:
            self.claims.pop(run).release()
        self.show(run, state)


def explain(code) -> str:
    """An exit code in words."""
    if code == LOST:
        return "its machine was lost"
    if code < 0:
        return f"killed by signal {-code}"
    return f"exit code {code} ({MEANINGS.get(code, 'unexpected')})"
