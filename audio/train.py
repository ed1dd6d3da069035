"""Train a network on sounds compressed at a chosen rate, as published MP3 of a bitrate.

python audio/train.py --bitrate 32 --setting 0

Prepares the data when it is missing and writes
logs/audio/<source>/<model>/bitrate_<b>/seed_<n>/ with history.csv, result.json and the weights.
"""

from audio.domain import DOMAIN
from helmholtz import cli
from helmholtz.training import train_command

parse_args, main = cli.program(train_command, DOMAIN, __doc__)

if __name__ == "__main__":
    cli.run(main, cli.RESUMABLE)
