"""Compress a source of sounds at one rate or several, once, for training.

python audio/prepare.py --bitrate 8 32 128 --source sample

Writes data/<source>/bitrate_<b>/train.h5 and test.h5 beside this file: `data`, float16 mel
spectrograms in decibels N x mels x frames x channels, `label`, int64, and attributes with the
codec, the sizes in bytes, and what was skipped, ignored or clipped.
"""

from audio.domain import DOMAIN
from helmholtz import cli
from helmholtz.data import prepare_command

parse_args, main = cli.program(prepare_command, DOMAIN, __doc__)

if __name__ == "__main__":
    cli.run(main)
