"""The files of a run that travel between machines without a shared disk."""

import contextlib
import re
from pathlib import Path

from helmholtz.io import run_state, runs
from helmholtz.io.files import replacing

# What a run writes. The setting comes first, by which a run is known; then checkpoints, so that
# best.weights.h5 is never older than they are.
FILES = (
    r"setting\.json",
    r"checkpoint_\d{4,9}\.h5",
    r"history\.csv|best\.weights\.h5|model\.keras|train\.log",
    r"confusion\.csv|predictions\.csv|model_source\.(py|keras)",
    r"result\.json",
)


def read_new(folder: Path, seen: dict, running: bool = False) -> dict[str, bytes]:
    """The files of a run that are new or changed since they were noted in seen, and note them."""
    found = {}
    for pattern in FILES[:-1] if running else FILES:  # a run that still runs has no result
        for path in sorted(folder.iterdir()):
            if not re.fullmatch(pattern, path.name):
                continue
            with contextlib.suppress(FileNotFoundError):  # a checkpoint that was just removed
                stamp = _stamp(path)
                if seen.get(path.name) != stamp:
                    found[path.name] = path.read_bytes()
                    seen[path.name] = stamp
    return found


def stamps(folder: Path, names) -> dict:
    """What read_new needs to know of files that the other side has, and that are still there."""
    return {name: _stamp(folder / name) for name in names if (folder / name).exists()}


def _stamp(path: Path) -> tuple:
    status = path.stat()
    return status.st_mtime_ns, status.st_size


def write(folder: Path, files: dict[str, bytes]) -> None:
    """Publish files of a run, the result last; other names are ignored.

    All are on the disk before the first is published, so that a full one changes nothing. An old
    run that is to be replaced stays until the new one has an epoch.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if run_state.marked(folder) and "history.csv" not in files:
        files = {name: content for name, content in files.items() if name == "train.log"}
    elif run_state.marked(folder):
        run_state.replace(folder)
    ordered = [n for pattern in FILES for n in sorted(files) if re.fullmatch(pattern, n)]
    with contextlib.ExitStack() as stack:
        for name in reversed(ordered):  # what was entered last is published first
            stack.enter_context(replacing(folder / name)).write_bytes(files[name])
    runs.prune_checkpoints(folder)
