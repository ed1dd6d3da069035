"""Classify sound files with a finished run, compressed as the run's own data was.

python audio/predict.py clip.wav --log_dir logs/audio/sample/cnn_x3_mlp_0/bitrate_32/seed_0
"""

import argparse
from pathlib import Path

from audio.settings import ARCHITECTURES
from helmholtz import cli


def parse_args(argv=None) -> argparse.Namespace:
    parser = cli.Parser(description=__doc__.split("\n\n")[0])
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="sound files")
    cli.add_prediction_flags(parser)
    return parser.parse_args(argv)


def main(argv=None) -> None:
    args = parse_args(argv)
    import numpy as np

    from audio.features import tile
    from audio.prepare import prepare_file
    from helmholtz import prediction, runs

    setting = runs.read_setting(args.log_dir, "audio", list(ARCHITECTURES))
    items = np.stack([prepare_file(path, setting) for path in args.files])
    items = tile(items) if setting["flags"].get("tile") else items
    prediction.check_shape(items, setting)

    cli.import_keras()
    from audio.models import build_model

    classes = setting["data"]["classes"]
    network = build_model(setting["model"], setting["shape"], len(classes))
    prediction.show(prediction.predict(network, items, args, classes), args)


if __name__ == "__main__":
    cli.run(main)
