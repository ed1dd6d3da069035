"""Train many runs: every rate with every network and every seed, here or on a cluster.

python -m helmholtz.sweep cifar --quality 1 5 10 --setting 0 1 --seed 0 1 2 --num_epoch 20
python -m helmholtz.sweep audio --source sample --gpus 0,2 --per_gpu 2
python -m helmholtz.sweep cifar --engine ray --address 10.0.0.1:6379

Other flags are passed on to every train.py. Given again, the command continues: it skips finished
runs and resumes interrupted ones. Exit codes are those of train.py, and 1 when runs have failed.
"""

import argparse
import sys
from pathlib import Path

from helmholtz import cli, domain, flags
from helmholtz.argtypes import whole_number
from helmholtz.errors import RUNS_FAILED

FIRST = ["0"]  # the default network and seed
DEFAULT = " (%(default)s)"
INTERRUPTED = "the same command, without --overwrite, continues every run after its last epoch"


def parse_args(argv=None) -> tuple[argparse.Namespace, list[str]]:
    """The sweep's own flags, and those that it passes on to train.py."""
    return cli.halves_parser("helmholtz.sweep", __doc__, _add_flags).parse_known_args(argv)


def _add_flags(parser: argparse.ArgumentParser, half: domain.Domain) -> None:
    parser.epilog = flags.passed_on(half)
    _add_lists(parser, half)
    flags.add_machine_flags(parser)
    _add_conduct(parser)


def _add_lists(parser: argparse.ArgumentParser, half: domain.Domain) -> None:
    add = parser.add_argument
    flags.add_rate_flags(parser, half, many=True)
    text = "rates that finished runs are then tested at (none)"
    add(f"--test_{half.flag}", nargs="+", type=whole_number(0), metavar="N", help=text)
    first = {"nargs": "+", "default": FIRST, "metavar": "N"}
    network = parser.add_mutually_exclusive_group().add_argument
    network("--setting", **first, help=f"networks ({FIRST[0]})")
    network("--model", nargs="+", metavar="NAME", help="networks by their names")
    add("--seed", **first, help=f"seeds ({FIRST[0]})")


def _add_conduct(parser: argparse.ArgumentParser) -> None:
    add, count = parser.add_argument, whole_number(0)
    add(
        "--retries",
        type=count,
        default=1,
        metavar="N",
        help="new attempts of a failed run" + DEFAULT,
    )
    add("--only", type=count, metavar="N", help="only the run with this number in --dry_run")
    add("--dry_run", action="store_true", help="list the runs and what would be done")
    add("--overwrite", action="store_true", help="train every run anew")
    add("--log_dir", type=Path, metavar="ROOT", help="instead of logs/, with the same subfolders")


def main(argv=None) -> None:
    args, rest = parse_args(argv)
    from helmholtz.sweep import conduct

    if not conduct.sweep(args, rest):
        sys.exit(RUNS_FAILED)


if __name__ == "__main__":
    cli.run(main, INTERRUPTED)
