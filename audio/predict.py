"""Classify sound files with a finished run, compressed as the run's own data was.

python audio/predict.py clip.wav --log_dir logs/audio/sample/cnn_x3_mlp_0/bitrate_32/seed_0
"""

from audio.domain import DOMAIN
from helmholtz import cli
from helmholtz.training import predict_command

parse_args, main = cli.program(predict_command, DOMAIN, __doc__)

if __name__ == "__main__":
    cli.run(main)
