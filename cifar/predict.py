"""Classify image files with a finished run, compressed as the run's own data was.

python cifar/predict.py photo.jpg --log_dir logs/cifar/sample/all-cnns/quality_5/seed_0
"""

import argparse
from pathlib import Path

from cifar.constants import ARCHITECTURES
from helmholtz import cli


def parse_args(argv=None) -> argparse.Namespace:
    parser = cli.Parser(description=__doc__.split("\n\n")[0])
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="image files")
    cli.add_prediction_flags(parser)
    return parser.parse_args(argv)


def main(argv=None) -> None:
    args = parse_args(argv)
    from cifar.prepare import prepare_file
    from helmholtz.io import runs
    from helmholtz.training import prediction

    setting = runs.read_setting(args.log_dir, "cifar", list(ARCHITECTURES))
    files, items, problems = prediction.read(args.files, lambda p: prepare_file(p, setting))
    prediction.check_shape(items, setting)

    cli.import_keras()
    from cifar.models import build_model

    classes = setting["data"]["classes"]
    network = build_model(setting["model"], setting["shape"], len(classes))
    prediction.show(files, prediction.predict(network, items, args, classes), args)
    prediction.raise_for(problems)


if __name__ == "__main__":
    cli.run(main)
