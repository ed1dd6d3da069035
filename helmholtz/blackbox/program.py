"""A foreign program: run once without a shell, and its lines read with care."""

import contextlib
import csv
import os
import signal
import subprocess
import threading
import time
from pathlib import PurePath

from helmholtz.errors import DataError, UsageError
from helmholtz.text import counted, printable

MAX_BYTES = 64 << 20  # of output; who prints more is stopped
BLOCK = 1 << 20  # bytes that are read at a time
LOOK, GRACE = 0.05, 1.0  # seconds between two looks at a program, and for its last output
SHOWN = 3  # of what is wrong, by name
HEADER = ["file", "class"], ["file", "label"]


def run(command: list[str], timeout: float) -> str:
    """What a program prints. It and what it starts are killed after so many seconds.

    Raises UsageError when it cannot be started, and DataError when it fails, takes too long or
    prints more than MAX_BYTES.
    """
    try:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, start_new_session=True
        )
    except OSError as error:
        raise UsageError(f"{printable(command[0])} cannot be started: {error.strerror}.") from None
    blocks, until = [], time.monotonic() + timeout
    reader = threading.Thread(target=_read, args=(process.stdout, blocks), daemon=True)
    reader.start()
    try:
        while _goes_on(process, reader) and _size(blocks) <= MAX_BYTES and time.monotonic() < until:
            time.sleep(LOOK)
        late = time.monotonic() >= until
        reader.join(GRACE)  # what has left the program's session may hold its output open
    finally:
        _kill(process)
        code = process.wait()
    content = b"".join(blocks)
    if len(content) > MAX_BYTES:
        raise DataError(f"The program printed more than {MAX_BYTES >> 20} MB: nothing is kept.")
    if late:
        raise DataError(f"The program did not end within {timeout:g} s: give a longer --timeout.")
    if code:
        how = f"with exit code {code}" if code > 0 else f"by signal {-code}"
        raise DataError(f"The program ended {how}: nothing is kept.")
    return content.decode(errors="replace")


def _read(stream, blocks: list[bytes]) -> None:
    """Read to the end, or somewhat more than MAX_BYTES."""
    with stream:
        while _size(blocks) <= MAX_BYTES and (block := stream.read1(BLOCK)):
            blocks.append(block)


def _goes_on(process: subprocess.Popen, reader: threading.Thread) -> bool:
    """Whether a program runs, or one of its children, in its session, that may print."""
    try:
        return process.poll() is None or (
            reader.is_alive() and os.killpg(process.pid, 0) is None  # raises where there is none
        )
    except ProcessLookupError:
        return False


def _size(blocks: list[bytes]) -> int:
    return sum(map(len, blocks))


def _kill(process: subprocess.Popen) -> None:
    """Kill a program and its children."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)


def read(text: str, files: list[str], classes: list[str]) -> list[int]:
    """The class, as an index, of every file, from lines `file,class`.

    A path stands for the file at its end; a first line `file,class` is a header. Raises DataError
    that names lines of another form, unknown files and classes, and files that are missing or
    named twice.
    """
    numbers, known, found, wrong = {c: i for i, c in enumerate(classes)}, set(files), {}, []
    for number, line in enumerate(text.split("\n"), start=1):
        row = _cells(line)
        name, label = row if len(row) == 2 else ("", "")
        file = PurePath(name).name
        if not line.strip() or (number == 1 and row in HEADER):
            continue
        if len(row) != 2:
            wrong.append(f"line {number} is not `file,class`: {line[:40]!r}")
        elif file not in known:
            wrong.append(f"line {number} names {name[:40]!r}, which is not one of the files")
        elif label not in numbers:
            wrong.append(f"line {number} names {label[:40]!r}, which is not one of the classes")
        elif file in found:
            wrong.append(f"line {number} names the file {name[:40]!r} again")
        else:
            found[file] = numbers[label]
    if missing := [file for file in files if file not in found]:
        are = "is" if len(missing) == 1 else "are"
        of = f"{len(missing):,} of {counted(len(files), 'file')}"
        wrong.append(f"{of} {are} missing, such as {missing[0]!r}")
    if wrong:
        more = f"; and {len(wrong) - SHOWN} more" if len(wrong) > SHOWN else ""
        raise DataError(f"Nothing is kept, as {'; '.join(wrong[:SHOWN])}{more}.")
    return [found[file] for file in files]


def _cells(line: str) -> list[str]:
    """The cells of a line of CSV; none of what is no such line."""
    try:
        return [cell.strip() for row in csv.reader([line]) for cell in row]
    except csv.Error:
        return []
