"""Judge any classifier on test files at every rate, for the report. It is run as a program.

python -m helmholtz.blackbox cifar --source FOLDER --quality 0 10 25 -- my_program {folder}

The program gets a folder of PNG (WAV) files, decoded after compression, in place of {folder}, and
prints a line "file,class" for every file. It runs once a rate, without a shell. What it says goes
to logs/<domain>/<source>/<name>/, where the report finds it. When it fails, nothing is kept.
"""

import argparse
import re
import sys
from pathlib import Path

from helmholtz import cli, domain, flags
from helmholtz.argtypes import positive_number, whole_number
from helmholtz.errors import UsageError

PLACE = "{folder}"
SECONDS = 3600


def parse_args(argv=None) -> tuple[argparse.Namespace, list[str]]:
    """The command's own flags, and the program with its arguments, which follow `--`."""
    words = sys.argv[1:] if argv is None else list(argv)
    end = words.index("--") if "--" in words else len(words)
    parser = cli.halves_parser("helmholtz.blackbox", __doc__, _add_flags)
    args, program = parser.parse_args(words[:end]), words[end + 1 :]
    half = domain.get(args.domain)
    flags.chosen(args, half)  # refuses codecs and rates that do not exist
    if args.name in half.networks:
        raise UsageError(f"{args.name} is a network of this project: give another --name.")
    if not any(PLACE in word for word in program):
        raise UsageError(f"Give the program after the flags, as in `-- my_program {PLACE}`.")
    return args, program


def _add_flags(parser: argparse.ArgumentParser, half: domain.Domain) -> None:
    flags.add_rate_flags(parser, half, many=True)
    half.add_source_flags(parser)
    add, said = parser.add_argument, " (%(default)s)"
    add("--limit", type=whole_number(1), metavar="N", help="use at most N test items")
    add("--name", type=_plain, default="blackbox", help="name of the classifier" + said)
    text = "seed of the classifier, where several were trained alike" + said
    add("--seed", type=whole_number(0, 2**32 - 1), default=0, metavar="N", help=text)
    text = "time for the program at each rate" + said
    add("--timeout", type=positive_number, default=SECONDS, metavar="SECONDS", help=text)
    add("--log_dir", type=Path, metavar="ROOT", help="instead of logs/, with the same subfolders")
    add("--overwrite", action="store_true", help="replace what the classifier said before")


def _plain(name: str) -> str:
    """A name that a folder can have."""
    if not re.fullmatch(r"\w[\w.-]*", name, re.ASCII):
        raise argparse.ArgumentTypeError(f"{name!r} is not of letters, digits and .-_ alone")
    return name


def main(argv=None) -> None:
    args, program = parse_args(argv)
    from helmholtz.blackbox import outcome

    outcome.judge(domain.get(args.domain), args, program)


if __name__ == "__main__":
    cli.run(main)
