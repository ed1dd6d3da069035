"""Compress the files of a folder at a rate, in their own size, into the same tree elsewhere.

python -m helmholtz.export FOLDER OUT --codec webp --quality 25

Writes OUT/manifest.csv: names, bytes and SHA-256 of every file before and after. Stopped, the same
command goes on. FOLDER is only read, and no file in OUT is overwritten.
"""

import argparse
import sys
from functools import partial
from pathlib import Path

from helmholtz import cli, domain
from helmholtz.argtypes import whole_number
from helmholtz.codec import Codec
from helmholtz.domain import Domain
from helmholtz.errors import DataError, UsageError
from helmholtz.text import counted, shown


def parse_args(argv=None) -> argparse.Namespace:
    parser = cli.Parser(prog="python -m helmholtz.export", description=__doc__.split("\n\n")[0])
    add = parser.add_argument
    add("folder", type=Path, metavar="FOLDER", help="with images or sounds, in any subfolders")
    add("out", type=Path, metavar="OUT", help="a folder elsewhere, made if it is not there")
    known = [codec for name in domain.NAMES for codec in domain.get(name).codecs.values()]
    codecs = [codec.name for codec in known if codec.encode]
    add("--codec", required=True, choices=codecs, metavar="NAME", help=", ".join(codecs))
    rate = parser.add_mutually_exclusive_group(required=True)
    for own in map(domain.get, domain.NAMES):
        text = f"of {' '.join(own.codecs)}"
        rate.add_argument(f"--{own.flag}", type=whole_number(1), metavar="N", help=text)
    add("--mono", action="store_true", help="mix two channels of sounds down to one")
    return parser.parse_args(argv)


def chosen(args: argparse.Namespace) -> tuple[Domain, Codec, int]:
    """The half, its codec and the rate that the flags name; errors where there is no such."""
    own = next(own for own in map(domain.get, domain.NAMES) if args.codec in own.codecs)
    codec, rate = own.codecs[args.codec], getattr(args, own.flag)
    if rate is None:
        raise UsageError(f"{codec.title} takes --{own.flag}.")
    if args.mono and "mono" not in own.data_flags:
        raise UsageError("--mono is for sounds: leave it out.")
    codec.check(rate)
    codec.available()
    return own, codec, rate


def main(argv=None) -> None:
    args = parse_args(argv)
    own, codec, rate = chosen(args)
    from helmholtz.data.baditems import shortened
    from helmholtz.export import files
    from helmholtz.io.files import locked, remove_leftovers

    folder, out = args.folder, args.out
    _check_places(folder, out)
    names, ignored = files.find(folder, own.file_kind())
    version = codec.version() + (", mono" if args.mono else "")  # not to be mixed with others
    settings = {"codec": codec.name, "rate": str(rate), "version": version}
    with locked(out):
        remove_leftovers(out)
        rows = files.read_manifest(out / files.MANIFEST, settings)
        tasks = files.tasks(names, codec.ending, rows)
        work = partial(
            files.compress, folder=folder, out=out, half=own.name, settings=settings, mono=args.mono
        )
        problems = files.export(out, tasks, rows, work)
    if ignored:
        print(f"Ignored: {ignored}.", file=sys.stderr)
    before, after = (
        sum(int(row[f"bytes_{when}"]) for row in rows.values()) for when in ("before", "after")
    )
    print(f"{counted(len(rows), 'file')} in {shown(out)}: {after:,} bytes instead of {before:,}")
    if problems:
        said = f"{counted(len(problems), 'file')} could not be exported:"
        raise DataError("\n".join([said, *shortened(problems)]))


def _check_places(folder: Path, out: Path) -> None:
    """Raise an error unless one is a folder, and the other is or can be one elsewhere."""
    if not folder.is_dir():
        raise DataError(f"{shown(folder)} is not a folder: give one with images or sounds.")
    if out.exists() and not out.is_dir():
        raise UsageError(f"{shown(out)} is a file: give a folder to write to.")
    inner, outer = folder.resolve(), out.resolve()
    if inner == outer or inner in outer.parents or outer in inner.parents:
        raise UsageError(f"{shown(out)} and {shown(folder)} overlap: give a folder elsewhere.")


if __name__ == "__main__":
    cli.run(main, "the same command goes on")
