"""Classify image files with a finished run, compressed as the run's own data was.

python cifar/predict.py photo.jpg --log_dir logs/cifar/sample/all-cnns/quality_5/seed_0
"""

import argparse
from pathlib import Path

from helmholtz import cli


def parse_args(argv=None) -> argparse.Namespace:
    parser = cli.Parser(description=__doc__.split("\n\n")[0])
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="image files")
    cli.add_prediction_flags(parser)
    return parser.parse_args(argv)


def main(argv=None) -> None:
    args = parse_args(argv)
    import numpy as np

    from cifar.jpeg import compress
    from cifar.sources import read_image
    from helmholtz import runs

    setting = runs.read_setting(args.log_dir, "cifar")
    size = setting["shape"][0]
    images = [compress(read_image(path, size), setting["rate"])[0] for path in args.files]
    items = np.stack(images).astype("float32") / 255

    cli.import_keras()
    from cifar.models import build_model
    from helmholtz import prediction

    classes = setting["data"]["classes"]
    network = build_model(setting["model"], setting["shape"], len(classes))
    prediction.show(prediction.predict(network, items, args, classes), args)


if __name__ == "__main__":
    cli.run(main)
