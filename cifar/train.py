"""Train a network on images compressed at a chosen rate, as published JPEG of a quality.

python cifar/train.py --quality 5 --setting 0

Prepares the data when it is missing and writes
logs/cifar/<source>/<model>/quality_<q>/seed_<n>/ with history.csv, result.json and the weights.
"""

from cifar.domain import DOMAIN
from helmholtz import cli
from helmholtz.training import train_command

parse_args, main = cli.program(train_command, DOMAIN, __doc__)

if __name__ == "__main__":
    cli.run(main, cli.RESUMABLE)
