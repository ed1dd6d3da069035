"""Compress a source of images at one rate or several, once, for training.

python cifar/prepare.py --quality 5 25 100 --source sample

Writes data/<source>/quality_<q>/train.h5 and test.h5 beside this file: `data`, uint8 RGB
N x height x width x 3, `label`, int64, and attributes with the codec, the sizes in bytes, and
what was skipped or ignored. With --store bytes, in place of `data`, `files` and `offsets`: all
JPEG files in a row, uint8, and where each begins, int64.
"""

from cifar.domain import DOMAIN
from helmholtz import cli
from helmholtz.data import prepare_command

parse_args, main = cli.program(prepare_command, DOMAIN, __doc__)

if __name__ == "__main__":
    cli.run(main)
