"""Classify image files with a finished run, compressed as the run's own data was.

python cifar/predict.py photo.jpg --log_dir logs/cifar/sample/all-cnns/quality_5/seed_0
"""

import argparse

from cifar.domain import DOMAIN
from helmholtz import cli
from helmholtz.training import predict_command


def parse_args(argv=None) -> argparse.Namespace:
    return predict_command.parse_args(DOMAIN, __doc__.split("\n\n")[0], argv)


def main(argv=None) -> None:
    predict_command.main(DOMAIN, parse_args(argv))


if __name__ == "__main__":
    cli.run(main)
