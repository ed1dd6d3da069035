"""Train a network on sounds compressed at a chosen rate, as published MP3 of a bitrate.

python audio/train.py --bitrate 32 --setting 0

Prepares the data when it is missing and writes
logs/audio/<source>/<model>/bitrate_<b>/seed_<n>/ with history.csv, result.json and the weights.
"""

import argparse

from audio.domain import DOMAIN
from helmholtz import cli
from helmholtz.training import train_command


def parse_args(argv=None) -> argparse.Namespace:
    return train_command.parse_args(DOMAIN, __doc__.split("\n\n")[0], argv)


def main(argv=None) -> None:
    train_command.main(DOMAIN, parse_args(argv))


if __name__ == "__main__":
    cli.run(main, cli.RESUMABLE)
