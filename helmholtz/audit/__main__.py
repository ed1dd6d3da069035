"""Say what the files of a folder went through: lossy codecs, their rates, and traces of them.

python -m helmholtz.audit FOLDER

A file's kind is told by its bytes, its class by the folder that it lies in. Exit code 0, whatever
is found.
"""

import argparse
from pathlib import Path

from helmholtz import cli
from helmholtz.errors import DataError
from helmholtz.text import counted, megabytes, printable, shown


def parse_args(argv=None) -> argparse.Namespace:
    parser = cli.Parser(prog="python -m helmholtz.audit", description=__doc__.split("\n\n")[0])
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="with images or sounds")
    return parser.parse_args(argv)


def main(argv=None) -> None:
    args = parse_args(argv)
    from helmholtz.audit.folder import audit
    from helmholtz.io.files import files_below

    if not args.folder.is_dir():
        raise DataError(f"{shown(args.folder)} is not a folder: give one with images or sounds.")
    files = list(files_below(args.folder, linked=2))  # of train/ and test/, classes
    if not files:
        raise DataError(f"{shown(args.folder)} holds no files.")
    found = audit(files, [path.parent.name for path in files])
    size = f"{megabytes(found.bytes)} in {counted(found.files, 'file')}"
    print(f"{size}{', ' * bool(found.sizes)}{found.sizes}")
    for name, kinds in found.kinds.items():
        counts = sorted(kinds.items(), key=lambda pair: -pair[1])
        print(f"  {printable(name)}:", "; ".join(f"{kind} {n:,}" for kind, n in counts))
    print(f"Went through: {found.prior or 'no lossy codec that was found'}.")
    print(*found.warnings, sep="\n", end="\n" * bool(found.warnings))


if __name__ == "__main__":
    cli.run(main)
