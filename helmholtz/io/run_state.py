"""Whether a run may begin: what its folder holds, and which process has locked it."""

import contextlib
import fcntl
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from helmholtz.errors import DataError, UsageError
from helmholtz.io import runs
from helmholtz.io.files import LOCK, WAIT, acquire, remove_leftovers, write_json
from helmholtz.schema import LAST

CLAIM = ".claim"  # locked by the launcher of a sweep, as LOCK is by train.py
MARK = ".overwrite"  # the run in this folder is to be replaced by the next one
# Flags that may differ between a run and the command that resumes it.
FREE = {"num_epoch", "resume", "overwrite", "log_dir", "train_dir", "data_dir"}
FREE |= {"skip_bad", "store", "feed", "tensorboard", "wandb"}


class Wanted(NamedTuple):
    """A run as a command asks for it.

    flags: those to compare. named: "model", "codec", "rate" and "source", whichever flags gave
    them; None where only the data can tell.
    """

    flags: dict
    named: dict


class Outlook(NamedTuple):
    """What to do about a run: "start", "resume", "skip" or "refuse"; and why."""

    what: str
    why: str


def wanted(args, named: dict, naming: set) -> Wanted:
    """The run that parsed flags ask for; naming: the flags that named already covers."""
    flags = {k: str(v) if isinstance(v, Path) else v for k, v in vars(args).items()}
    return Wanted({k: v for k, v in flags.items() if k not in naming}, named)


def outlook(folder: Path, asked: Wanted, overwrite: bool = False) -> Outlook:
    """Decide what to do about the run in a folder. Nothing else decides this."""
    finished, kept = (folder / "result.json").exists(), runs.checkpoints(folder)
    anew = overwrite or asked.flags["overwrite"] or marked(folder)
    if not (finished or kept):
        foreign = [] if anew or (folder / "setting.json").exists() else runs.outputs(folder)
        if foreign:
            there = f"it has {foreign[0].name}, and no setting.json"
            return Outlook("refuse", f"not made by train.py ({there})")
        return Outlook("start", "")
    if anew:
        return Outlook("start", "anew")
    changed, epochs = _changes(folder, asked, finished), asked.flags.get("num_epoch")
    if changed:
        state = "finished" if finished else "interrupted"
        return Outlook("refuse", f"{state} with {'; '.join(changed)}")
    if finished:
        return Outlook("skip", "finished")
    after = f"after epoch {max(kept)}"
    if epochs is not None and max(kept) > epochs:
        return Outlook("refuse", f"interrupted {after}, beyond --num_epoch {epochs}")
    return Outlook("resume", after)


def _changes(folder: Path, asked: Wanted, finished: bool) -> list[str]:
    """How the existing run differs from the one asked for: "--val 0.1, not 0.2"."""
    try:
        old = runs.read_json(folder / "setting.json")
    except DataError:
        return ["a setting.json that cannot be read"]
    flags, data = (old[k] if isinstance(old.get(k), dict) else {} for k in ("flags", "data"))
    named = {key: old.get(key) for key in ("model", "codec", "rate")}
    named |= {"source": data.get("source")}
    found = [
        f"{key} {named[key]}, not {value}"
        for key, value in asked.named.items()
        if None not in (value, named[key]) and value != named[key]
    ]
    fixed = finished or old.get("counted_epoch") == LAST  # whose schedule ends with num_epoch
    free = FREE - {"num_epoch"} if fixed else FREE
    return found + [
        f"--{key} {flags[key]}, not {asked.flags[key]}"
        for key in sorted((flags.keys() & asked.flags.keys()) - free)
        if flags[key] != asked.flags[key]
    ]


def check(folder: Path, asked: Wanted) -> Outlook:
    """The outlook of a run that train.py may start or resume. Raises UsageError for any other."""
    found = outlook(folder, asked)
    if found.what in ("skip", "refuse"):
        raise UsageError(
            f"{folder} holds a run that was {found.why}: give --overwrite to train it again, "
            "or another --log_dir."
        )
    if found.what == "resume" and not asked.flags["resume"]:
        raise UsageError(
            f"{folder} holds an interrupted run: give --resume to continue it, or --overwrite."
        )
    return found


def claim(folder: Path, setting: dict, asked: Wanted) -> bool:
    """Begin a run whose data are loaded and whose folder is held; return whether to resume it.

    setting: for setting.json, which is written now, unless an old run stands there until the
    first epoch, see replace. Raises UsageError as check does, and when the interrupted run had
    other data or versions.
    """
    what, why = check(folder, asked)
    if what == "resume":
        changed = differences(runs.read_json(folder / "setting.json"), setting)
        if changed:
            raise UsageError(
                f"{folder} cannot be resumed, it differs in {'; '.join(changed)}: give --overwrite "
                "to train it anew."
            )
    remove_leftovers(folder)
    if why == "anew":
        mark(folder)  # so that --resume does not bring the old run back before the first epoch
    else:
        write_json(folder / "setting.json", setting)
    return what == "resume"


def differences(old: dict, new: dict) -> list[str]:
    """How data, versions and an own network differ from those of the interrupted run."""
    found = []
    for part in ("data", "versions", "network"):
        before, now = (x[part] if isinstance(x.get(part), dict) else {} for x in (old, new))
        # Stored otherwise, the items are those that source, codec and settings give.
        same = {"store", "digest"} if before.get("store") != now.get("store") else ()
        for key in sorted(before.keys() | now):
            if key not in same and before.get(key) != now.get(key):
                found.append(f"{key} (was {before.get(key)}, is {now.get(key)})")
    return found


def replace(folder: Path) -> None:
    """Remove the old run, now that the new one has its first epoch."""
    runs.clear(folder)
    (folder / MARK).unlink(missing_ok=True)


def mark(folder: Path) -> None:
    """Mark the run in a folder, or whatever is named as one, as to be replaced."""
    if runs.outputs(folder):
        (folder / MARK).touch()


def marked(folder: Path) -> bool:
    """Whether the run in a folder is to be replaced."""
    return (folder / MARK).exists()


@contextlib.contextmanager
def held(folder: Path) -> Iterator[None]:
    """Lock a run's folder for this process; the lock ends with it, however it ends.

    Raises UsageError when another process works there. A folder that stays empty is removed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    lock = acquire(folder / LOCK, WAIT)
    if lock is None:
        raise UsageError(
            f"{folder} is being trained by another process, or evaluated: wait for it, or give "
            "another --seed or --log_dir."
        )
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            if {path.name for path in folder.iterdir()} == {LOCK}:
                (folder / LOCK).unlink()  # while it is held: after that it may be another's
                folder.rmdir()
        lock.release()


def take(folder: Path):
    """The lock of a run for the launcher of a sweep; None when another process has the run."""
    folder.mkdir(parents=True, exist_ok=True)
    lock = acquire(folder / CLAIM, WAIT / 10)
    if lock and _locked(folder / LOCK):  # it is trained or evaluated by itself
        lock.release()
        return None
    return lock


def in_progress(folder: Path) -> bool:
    """Whether a process on this machine trains the run in a folder, or has it queued."""
    return any(_locked(folder / name) for name in (LOCK, CLAIM))


def _locked(path: Path) -> bool:
    """Try a shared lock on a file opened for reading, so that nothing is written."""
    try:
        with open(path) as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError as error:  # no such file, or no such lock
        return isinstance(error, BlockingIOError)
    return False
