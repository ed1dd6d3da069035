"""Compress the files of a folder at a rate, in their own size, into the same tree elsewhere.

python -m helmholtz.export FOLDER OUT --codec webp --quality 25

Writes OUT/manifest.csv: names, bytes and SHA-256 of every file before and after. Stopped, the same
command goes on. FOLDER is only read, and no file in OUT is overwritten.
"""

import argparse
import csv
import hashlib
import io
import os
import sys
from functools import partial
from pathlib import Path
from typing import NamedTuple

from helmholtz import cli, domain
from helmholtz.argtypes import whole_number
from helmholtz.domain import Codec, Domain
from helmholtz.errors import DataError, UsageError
from helmholtz.text import counted, printable, shown

COLUMNS = ["name", "exported", "codec", "rate", "version"]
COLUMNS += ["bytes_before", "bytes_after", "sha256_before", "sha256_after"]
MANIFEST, TEMPORARY = "manifest.csv", ".tmp-"
SHOWN = 20  # files in a message
CHUNK = 4  # files that a process compresses at a time


class Task(NamedTuple):
    """A file of the folder: its name there, its name in OUT, and its row of the manifest if any."""

    name: Path
    exported: Path
    row: dict | None


def parse_args(argv=None) -> argparse.Namespace:
    parser = cli.Parser(prog="python -m helmholtz.export", description=__doc__.split("\n\n")[0])
    add = parser.add_argument
    add("folder", type=Path, metavar="FOLDER", help="with images or sounds, in any subfolders")
    add("out", type=Path, metavar="OUT", help="a folder elsewhere, made if it is not there")
    codecs = [name for each in domain.NAMES for name in domain.get(each).codecs]
    add("--codec", required=True, choices=codecs, metavar="NAME", help=", ".join(codecs))
    rate = parser.add_mutually_exclusive_group(required=True)
    for own in map(domain.get, domain.NAMES):
        text = f"of {' '.join(own.codecs)}"
        rate.add_argument(f"--{own.flag}", type=whole_number(1), metavar="N", help=text)
    return parser.parse_args(argv)


def chosen(args: argparse.Namespace) -> tuple[Domain, Codec, int]:
    """The half, its codec and the rate that the flags name; errors where there is no such."""
    own = next(own for own in map(domain.get, domain.NAMES) if args.codec in own.codecs)
    codec, rate = own.codecs[args.codec], getattr(args, own.flag)
    if rate is None:
        raise UsageError(f"{codec.title} takes --{own.flag}.")
    codec.check(rate)
    codec.available()
    return own, codec, rate


def main(argv=None) -> None:
    args = parse_args(argv)
    own, codec, rate = chosen(args)
    from helmholtz.io.files import locked, remove_leftovers

    folder, out = _places(args)
    names, ignored = find(folder, own.file_kind())
    settings = {"codec": codec.name, "rate": str(rate), "version": codec.version()}
    with locked(out):
        remove_leftovers(out)
        rows = read_manifest(out / MANIFEST, settings)
        tasks = [Task(n, e, rows.get(printable(str(n)))) for n, e in renamed(names, codec.ending)]
        rows, problems = _export(folder, out, tasks, own, codec, rate, settings)
    if ignored:
        print(f"Ignored: {ignored}.", file=sys.stderr)
    before, after = (sum(int(row[f"bytes_{when}"]) for row in rows) for when in ("before", "after"))
    print(f"{counted(len(rows), 'file')} in {shown(out)}: {after:,} bytes instead of {before:,}")
    if problems:
        more = [f"... and {len(problems) - SHOWN} more"] if len(problems) > SHOWN else []
        said = f"{counted(len(problems), 'file')} could not be exported:"
        raise DataError("\n".join([said, *problems[:SHOWN], *more]))


def _places(args: argparse.Namespace) -> tuple[Path, Path]:
    """The two folders; UsageError where one is in the other."""
    folder, out = args.folder, args.out
    if not folder.is_dir():
        raise DataError(f"{shown(folder)} is not a folder: give one with images or sounds.")
    if out.exists() and not out.is_dir():
        raise UsageError(f"{shown(out)} is a file: give a folder to write to.")
    inner, outer = folder.resolve(), out.resolve()
    if inner == outer or inner in outer.parents or outer in inner.parents:
        raise UsageError(f"{shown(out)} and {shown(folder)} overlap: give a folder elsewhere.")
    return folder, out


def find(folder: Path, kind) -> tuple[list[Path], str]:
    """The names of the files to export, sorted, and what else is there, in words."""
    from helmholtz.data import listing

    names, others = [], []
    for place, subfolders, _ in os.walk(folder):
        subfolders[:] = sorted(name for name in subfolders if name[0] != ".")
        for path in listing.visible(Path(place)):
            if not path.is_dir():
                (names if path.suffix.lower() in kind.endings else others).append(path)
    if not names:
        raise DataError(f"{shown(folder)} holds no file such as {kind.examples}.")
    ignored = listing.listed(listing.by_ending(others, kind), kind)
    return [path.relative_to(folder) for path in names], ignored


def renamed(names: list[Path], ending: str) -> list[tuple[Path, Path]]:
    """Names with those in OUT: of another ending, added where two would be the same."""
    count: dict[str, int] = {}
    for name in names:
        key = str(name.with_suffix(ending)).lower()
        count[key] = count.get(key, 0) + 1
    changed = [name.with_suffix(ending) for name in names]
    return [
        (name, new if count[str(new).lower()] == 1 else name.with_name(name.name + ending))
        for name, new in zip(names, changed, strict=True)
    ]


def read_manifest(path: Path, settings: dict) -> dict[str, dict]:
    """The rows of an earlier export by name, without one that was cut.

    Raises UsageError when they are of another codec, rate or version.
    """
    if not path.exists():
        return {}
    rows = list(csv.DictReader(io.StringIO(path.read_text("utf-8"), newline="")))
    rows = [row for row in rows if None not in row.values() and len(row["sha256_after"]) == 64]
    for row in rows:
        if settings != {name: row[name] for name in settings}:
            raise UsageError(
                f"{shown(path.parent)} holds files of {row['codec']} {row['rate']} "
                f"({row['version']}): give another folder."
            )
    return {row["name"]: row for row in rows}


def _export(folder, out, tasks, own, codec, rate, settings) -> tuple[list[dict], list[str]]:
    """Export what is missing; the rows of all that is there, and what could not be exported.

    A row is written before its file is renamed, so that a file without one is not ours.
    """
    from helmholtz.io.files import write_text
    from helmholtz.parallel import in_parallel

    rows, problems = {}, []
    work = partial(compress, folder=folder, out=out, domain_name=own.name, codec=codec.name)
    kept = [task.row for task in tasks if task.row]
    write_text(out / MANIFEST, _csv([dict(zip(COLUMNS, COLUMNS, strict=True)), *kept]))
    with open(out / MANIFEST, "a", encoding="utf-8", newline="") as manifest:
        for done in in_parallel(work, tasks, CHUNK, "exporting", rate):
            for task, row, temporary, problem in done:
                if problem:
                    problems.append(problem)
                    continue
                rows[row["name"]] = row = row | settings
                if temporary:
                    manifest.write(_csv([row]))
                    manifest.flush()
                    (out / task.exported).parent.mkdir(parents=True, exist_ok=True)
                    os.rename(temporary, out / task.exported)
    found = [rows[name] for name in sorted(rows)]
    write_text(out / MANIFEST, _csv([dict(zip(COLUMNS, COLUMNS, strict=True)), *found]))
    return found, problems


def _csv(rows: list[dict]) -> str:
    file = io.StringIO(newline="")
    csv.DictWriter(file, COLUMNS, lineterminator="\n").writerows(rows)
    return file.getvalue()


def compress(tasks: list[Task], rate: int, *, folder, out, domain_name, codec) -> list[tuple]:
    """For every task (task, row, temporary file or None if it was there, problem)."""
    own = domain.get(domain_name)
    done = []
    for task in tasks:
        try:
            row, temporary = _compress_one(task, folder, out, own, own.codecs[codec], rate)
            done.append((task, row, temporary, ""))
        except (MemoryError, OSError):
            raise
        except (DataError, UsageError) as error:
            problem = str(error)
            name = shown(folder / task.name)
            done.append((task, None, None, problem if name in problem else f"{name}: {problem}"))
        except Exception as error:  # the codecs' types
            problem = f"{shown(folder / task.name)} cannot be encoded ({error})."
            done.append((task, None, None, problem))
    return done


def _compress_one(task: Task, folder: Path, out: Path, own, codec, rate) -> tuple:
    source, target = folder / task.name, out / task.exported
    if target.exists() or target.is_symlink():
        return _checked(task, source, target), None
    file = own.encode_file(source, codec, rate)
    number = hashlib.sha256(os.fsencode(task.exported)).hexdigest()[:16]
    temporary = out / f"{TEMPORARY}{number}"
    temporary.write_bytes(file)
    row = {"name": printable(str(task.name)), "exported": printable(str(task.exported))}
    content = source.read_bytes()
    for when, of in (("before", content), ("after", file)):
        row |= {f"bytes_{when}": len(of), f"sha256_{when}": hashlib.sha256(of).hexdigest()}
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


if __name__ == "__main__":
    cli.run(main, "the same command goes on")
