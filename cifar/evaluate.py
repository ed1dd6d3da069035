"""Judge finished runs on test images compressed at other rates, or by other codecs.

python cifar/evaluate.py --log_dir logs/cifar/sample/quick/quality_0/seed_0 --quality 0 5 25

Trains nothing. Writes evaluation.csv and evaluation/<codec>_<rate>.csv into each run.
"""

from cifar.domain import DOMAIN
from helmholtz import cli
from helmholtz.training import evaluate_command

parse_args, main = cli.program(evaluate_command, DOMAIN, __doc__)

if __name__ == "__main__":
    cli.run(main, evaluate_command.AGAIN)
