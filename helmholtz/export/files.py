"""The files of an export: which there are, what they become, and the manifest of what was done."""

import csv
import hashlib
import os
from collections import Counter
from functools import partial
from itertools import chain
from pathlib import Path
from typing import NamedTuple

from helmholtz import domain
from helmholtz.data import folders, listing
from helmholtz.errors import DataError, UsageError
from helmholtz.io.files import replacing
from helmholtz.parallel import in_parallel
from helmholtz.text import shown

COLUMNS = ["name", "exported", "codec", "rate", "version"]
COLUMNS += ["bytes_before", "bytes_after", "sha256_before", "sha256_after"]
MANIFEST = "manifest.csv"
# Names that are no UTF-8 are kept, byte for byte.
TEXT = {"encoding": "utf-8", "errors": "surrogateescape", "newline": ""}
NAME_MAX = 255  # bytes of a file's name, on nearly every file system
CHUNK = 4  # files that a process compresses at a time


class Task(NamedTuple):
    """A file of the folder: its name there, its name in OUT, and its row of the manifest if any."""

    name: Path
    exported: Path
    row: dict | None


def find(folder: Path, kind) -> tuple[list[Path], str]:
    """The names of the files to export, sorted, and what else is there, in words."""
    names, others = [], []
    for path in folders.every_file(folder):
        (names if path.suffix.lower() in kind.endings else others).append(path)
    if not names:
        raise DataError(f"{shown(folder)} holds no file such as {kind.examples}.")
    ignored = listing.listed(listing.by_ending(others, kind), kind)
    return [path.relative_to(folder) for path in names], ignored


def tasks(names: list[Path], ending: str, rows: dict[str, dict]) -> list[Task]:
    """A task for every name: in OUT it has another ending, added where two would be the same, and
    the name that it has there already."""
    changed = {name: name.with_suffix(ending) for name in names}
    count = Counter(str(new).lower() for new in changed.values())
    found = []
    for name, new in changed.items():
        row = rows.get(str(name))
        once = new if count[str(new).lower()] == 1 else Path(f"{name}{ending}")
        found.append(Task(name, Path(row["exported"]) if row else once, row))
    return found


def read_manifest(path: Path, settings: dict) -> dict[str, dict]:
    """By name, the rows of an earlier export that are whole and whose files are there.

    Raises UsageError when they are of another codec, rate or version, or the file is no manifest.
    """
    if not path.exists():
        return {}
    try:
        with open(path, **TEXT) as file:
            header, *lines = csv.reader(file)
    except (ValueError, csv.Error):  # it is empty, or one cell holds too much
        header, lines = [], []
    if header != COLUMNS:
        raise UsageError(f"{shown(path)} is not of an export: give another folder.")
    whole = (line for line in lines if len(line) == len(COLUMNS) and _are_sizes(line[5:7]))
    rows = [dict(zip(COLUMNS, line, strict=True)) for line in whole]
    for row in rows:
        if settings != {name: row[name] for name in settings}:
            raise UsageError(
                f"{shown(path.parent)} holds files of {row['codec']} {row['rate']} "
                f"({row['version']}): give another folder."
            )
    return {row["name"]: row for row in rows if os.path.exists(path.parent / row["exported"])}


def _are_sizes(cells: list[str]) -> bool:
    return all(cell.isascii() and cell.isdecimal() for cell in cells)


def _write_manifest(path: Path, rows: dict[str, dict]) -> None:
    with replacing(path) as temporary, open(temporary, "w", **TEXT) as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows[name] for name in sorted(rows))


def export(out: Path, tasks: list[Task], rows: dict[str, dict], work) -> list[str]:
    """Export what is missing, and add its rows; returns what could not be exported.

    A row is written before its file is renamed, so that a file without one is not ours.
    """
    problems = []
    _write_manifest(out / MANIFEST, rows)
    with open(out / MANIFEST, "a", **TEXT) as manifest:
        writer = csv.DictWriter(manifest, COLUMNS, lineterminator="\n")
        for task, row, temporary, problem in chain.from_iterable(
            in_parallel(work, tasks, CHUNK, "exporting")
        ):
            if not problem and temporary and (out / task.exported).exists():
                problem = f"{shown(task.name)}: two files would become {shown(task.exported)}."
                temporary.unlink()
            if problem:
                problems.append(problem)
            elif temporary:
                writer.writerow(row)
                manifest.flush()
                (out / task.exported).parent.mkdir(parents=True, exist_ok=True)
                os.rename(temporary, out / task.exported)
                rows[row["name"]] = row
    _write_manifest(out / MANIFEST, rows)
    return problems


def compress(
    tasks: list[Task], *, folder: Path, out: Path, half: str, settings: dict, mono: bool
) -> list:
    """For every task (task, row, temporary file or None if its file is there, problem)."""
    own, done = domain.get(half), []
    encode = partial(
        own.encode_file,
        codec=own.codecs[settings["codec"]],
        rate=int(settings["rate"]),
        mono=mono,
    )
    for task in tasks:
        name = shown(folder / task.name)
        try:
            row, temporary = _compress_one(task, folder, out, encode)
            done.append((task, row | settings, temporary, ""))
        except (MemoryError, OSError):
            raise
        except (DataError, UsageError) as error:
            text = str(error)
            done.append((task, None, None, text if text.startswith(name) else f"{name}: {text}"))
        except Exception as error:  # the codecs' types
            done.append((task, None, None, f"{name} cannot be encoded ({error})."))
    return done


def _compress_one(task: Task, folder: Path, out: Path, encode) -> tuple[dict, Path | None]:
    source, target = folder / task.name, out / task.exported
    if len(os.fsencode(target.name)) > NAME_MAX:
        raise DataError(f"{shown(source)}: {shown(target.name)} would be too long: shorten it.")
    if os.path.lexists(target):
        return _checked(task, source, target), None
    contents = {"after": encode(source), "before": source.read_bytes()}
    row = {"name": str(task.name), "exported": str(task.exported)}
    for when, content in contents.items():
        digest = hashlib.sha256(content).hexdigest()
        row |= {f"bytes_{when}": len(content), f"sha256_{when}": digest}
    temporary = out / f".tmp-{hashlib.sha256(os.fsencode(task.name)).hexdigest()[:16]}"
    temporary.write_bytes(contents["after"])
    return row, temporary


def _checked(task: Task, source: Path, target: Path) -> dict:
    """The row of a file that was exported before; DataError unless both files are still those."""
    digests = [hashlib.sha256(path.read_bytes()).hexdigest() for path in (source, target)]
    if not task.row or digests != [task.row["sha256_before"], task.row["sha256_after"]]:
        raise DataError(
            f"{shown(source)}: {shown(target)} is there, and is not what it would become: "
            "remove that, or give another folder."
        )
    return task.row
