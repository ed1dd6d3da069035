"""Train one of six networks on sounds compressed as MP3 at a chosen bitrate.

python audio/train.py --bitrate 32 --setting 0

Prepares the data when it is missing and writes
logs/audio/<source>/<model>/bitrate_<b>/seed_<n>/ with history.csv, result.json and the weights.
"""

import argparse
from pathlib import Path

from audio.prepare import add_bitrate_flag, add_source_flags, load
from audio.settings import ARCHITECTURES, RHO, TRAINING, VAL
from helmholtz import cli

MODELS = list(ARCHITECTURES)


def parse_args(argv=None) -> argparse.Namespace:
    parser = cli.Parser(prog="train.py", description=__doc__.split("\n\n")[0])
    add_bitrate_flag(parser, help="kb/s of the MP3, 8 to 320; 0 is uncompressed (128)")
    cli.add_model_flags(parser, MODELS)
    add_source_flags(parser)
    cli.add_training_flags(parser, TRAINING, val=VAL)
    parser.add_argument("--tile", action="store_true", help="mono spectrograms as three channels")
    parser.add_argument("-w", "--weights", type=Path, help="start from these (.weights.h5)")
    return parser.parse_args(argv)


def main(argv=None) -> None:
    args = parse_args(argv)
    name = cli.chosen_model(args, MODELS)
    data = load(args)  # before Keras, so that a mistake is answered at once

    cli.import_keras()
    import keras

    from audio.features import tile
    from audio.models import build_model
    from helmholtz import prediction, runs, training

    items, labels, parts = training.select(data, args.val, args.limit)
    items = tile(items) if args.tile else items
    setting = runs.describe(args, "audio", name, data.attributes, items.shape[1:])
    folder = args.log_dir or runs.folder_of(setting, "bitrate")
    runs.claim(folder, setting, args.resume, args.overwrite)

    training.set_up(args.seed, args.precision)
    network = build_model(name, items.shape[1:], len(data.classes))
    if args.weights:
        prediction.load_weights(network, args.weights)
    optimizer = keras.optimizers.Adadelta(args.learning_rate, rho=RHO)
    model = training.compile_model(items, [], network, optimizer)

    history = training.fit(model, labels, parts, folder, args)
    result = training.finish(model, labels, parts, history, setting, folder)
    training.conclude(result, folder)


if __name__ == "__main__":
    cli.run(main, cli.RESUMABLE)
