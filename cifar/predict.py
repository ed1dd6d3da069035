"""Classify image files with a finished run, compressed as the run's own data was.

python cifar/predict.py photo.jpg --log_dir logs/cifar/sample/all-cnns/quality_5/seed_0
"""

from cifar.domain import DOMAIN
from helmholtz import cli
from helmholtz.training import predict_command

parse_args, main = cli.program(predict_command, DOMAIN, __doc__)

if __name__ == "__main__":
    cli.run(main)
