"""Judge finished runs on test images compressed at other rates, or by other codecs.

python cifar/evaluate.py --log_dir logs/cifar/sample/quick/quality_0/seed_0 --quality 0 5 25

Trains nothing. Writes evaluation.csv and evaluation/<codec>_<rate>.csv into each run.
"""

import argparse

from cifar.domain import DOMAIN
from helmholtz import cli
from helmholtz.training import evaluate_command

AGAIN = "the same command continues with what was not judged yet"


def parse_args(argv=None) -> argparse.Namespace:
    return evaluate_command.parse_args(DOMAIN, __doc__.split("\n\n")[0], argv)


def main(argv=None) -> None:
    evaluate_command.main(DOMAIN, parse_args(argv))


if __name__ == "__main__":
    cli.run(main, AGAIN)
