"""Judge finished runs on test sounds compressed at other rates, or by other codecs.

python audio/evaluate.py --log_dir logs/audio/sample/quick/bitrate_0/seed_0 --bitrate 0 8 32

Trains nothing. Writes evaluation.csv and evaluation/<codec>_<rate>.csv into each run.
"""

from audio.domain import DOMAIN
from helmholtz import cli
from helmholtz.training import evaluate_command

parse_args, main = cli.program(evaluate_command, DOMAIN, __doc__)

if __name__ == "__main__":
    cli.run(main, evaluate_command.AGAIN)
