"""Train many runs: every rate with every network and every seed, here or on a cluster.

python -m helmholtz.sweep cifar --quality 1 5 10 --setting 0 1 --seed 0 1 2 --num_epoch 20
python -m helmholtz.sweep audio --source sample --gpus 0,2 --per_gpu 2
python -m helmholtz.sweep cifar --engine ray --address 10.0.0.1:6379

Flags that are not the sweep's own go to every train.py. The same command goes on where the last
one stopped: finished runs are skipped, interrupted ones resumed. Exit codes are those of train.py,
and 1 when runs have failed.
"""

import argparse
import sys
from pathlib import Path

from helmholtz import cli, domain
from helmholtz.argtypes import whole_number
from helmholtz.errors import RUNS_FAILED

FIRST = ["0"]  # the network and the seed where none is given
DEFAULT = " (%(default)s)"
INTERRUPTED = (
    "the same command, without --overwrite, goes on after the last finished epoch of every run"
)


def parse_args(argv=None) -> tuple[argparse.Namespace, list[str]]:
    """The sweep's own flags, and those that it hands on to train.py."""
    parser = cli.Parser(
        prog="python -m helmholtz.sweep",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    domains = parser.add_subparsers(dest="domain", required=True, metavar="cifar|audio")
    for half in map(domain.get, domain.NAMES):
        one = domains.add_parser(
            half.name, help=f"-h lists its flags: --{half.flag} ...", allow_abbrev=False
        )
        _add_lists(one, half)
        _add_machine(one)
        _add_conduct(one)
    return parser.parse_known_args(argv)


def _add_lists(parser: argparse.ArgumentParser, half: domain.Domain) -> None:
    add, published = parser.add_argument, half.published.name
    add(f"--{half.flag}", nargs="+", metavar="N", help="rates (the codec's own grid)")
    add("--codec", nargs="+", default=[published], metavar="NAME", help=f"codecs ({published})")
    network = parser.add_mutually_exclusive_group()
    first = f"({FIRST[0]})"
    network.add_argument(
        "--setting", nargs="+", default=FIRST, metavar="N", help=f"networks {first}"
    )
    network.add_argument("--model", nargs="+", metavar="NAME", help="networks by their names")
    add("--seed", nargs="+", default=FIRST, metavar="N", help=f"seeds {first}")


def _add_machine(parser: argparse.ArgumentParser) -> None:
    add, count = parser.add_argument, whole_number(1)
    place = parser.add_mutually_exclusive_group()
    place.add_argument("--gpus", metavar="0,2", help="GPUs to use (all that nvidia-smi lists)")
    place.add_argument("--jobs", type=count, metavar="N", help="N runs at a time on the processor")
    add("--per_gpu", type=count, default=1, metavar="N", help="runs at a time on a GPU" + DEFAULT)
    add("--engine", choices=["local", "ray"], default="local", help="who starts the runs" + DEFAULT)
    add("--address", help="host:port of a Ray cluster (one that runs here, or a new one)")
    add(
        "--sync",
        type=count,
        default=30,
        metavar="SECONDS",
        help="between fetches from Ray" + DEFAULT,
    )
    add(
        "--cpus", type=count, default=1, metavar="N", help="cores that a run takes on Ray" + DEFAULT
    )


def _add_conduct(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    count = whole_number(0)
    add("--retries", type=count, default=1, metavar="N", help="of a run that failed" + DEFAULT)
    add("--only", type=count, metavar="N", help="just the run with this number in --dry_run")
    add("--dry_run", action="store_true", help="list the runs and what would be done")
    add("--overwrite", action="store_true", help="train every run anew")
    add(
        "--log_dir",
        type=Path,
        metavar="ROOT",
        help="in place of logs/, with the same folders in it",
    )


def main(argv=None) -> None:
    args, rest = parse_args(argv)
    from helmholtz.sweep import conduct

    if not conduct.sweep(args, rest):
        sys.exit(RUNS_FAILED)


if __name__ == "__main__":
    cli.run(main, INTERRUPTED)
