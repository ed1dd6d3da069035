"""Classify sound files with a finished run, compressed as the run's own data was.

python audio/predict.py clip.wav --log_dir logs/audio/sample/cnn_x3_mlp_0/bitrate_32/seed_0
"""

import argparse

from audio.domain import DOMAIN
from helmholtz import cli
from helmholtz.training import predict_command


def parse_args(argv=None) -> argparse.Namespace:
    return predict_command.parse_args(DOMAIN, __doc__.split("\n\n")[0], argv)


def main(argv=None) -> None:
    predict_command.main(DOMAIN, parse_args(argv))


if __name__ == "__main__":
    cli.run(main)
