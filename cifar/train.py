"""Train one of six networks on images compressed as JPEG at a chosen quality.

python cifar/train.py --quality 5 --setting 0

Prepares the data when it is missing and writes
logs/cifar/<source>/<model>/quality_<q>/seed_<n>/ with history.csv, result.json and the weights.
"""

import argparse

from cifar.prepare import add_source_flags, load
from cifar.settings import ARCHITECTURES, MOMENTUM, TRAINING
from helmholtz import cli

MODELS = list(ARCHITECTURES)


def parse_args(argv=None) -> argparse.Namespace:
    parser = cli.Parser(prog="train.py", description=__doc__.split("\n\n")[0])
    quality = cli.whole_number(0, 100)
    parser.add_argument(
        "--quality", type=quality, help="JPEG quality, 1 to 100; 0 is uncompressed (100)"
    )
    cli.add_model_flags(parser, MODELS)
    add_source_flags(parser)
    cli.add_training_flags(parser, TRAINING, val=0)
    return parser.parse_args(argv)


def main(argv=None) -> None:
    args = parse_args(argv)
    name = cli.chosen_model(args, MODELS)

    data = load(args)  # before Keras, so that a mistake is answered at once

    cli.import_keras()
    import keras

    from cifar.augment import ShiftAndFlip
    from cifar.models import build_model
    from helmholtz import runs, training

    items, labels, parts = training.select(data, args.val, args.limit)
    setting = runs.describe(args, "cifar", name, data.attributes, items.shape[1:])
    folder = args.log_dir or runs.folder_of(setting, "quality")
    runs.claim(folder, setting, args.resume, args.overwrite)

    training.set_up(args.seed, args.precision)
    network = build_model(name, items.shape[1:], len(data.classes))
    decay = keras.optimizers.schedules.InverseTimeDecay(args.learning_rate, 1, args.decay_rate)
    optimizer = keras.optimizers.SGD(decay, momentum=MOMENTUM, nesterov=True)
    scale = keras.layers.Rescaling(1 / 255, dtype="float32")
    model = training.compile_model(items, [scale, ShiftAndFlip()], network, optimizer)

    history = training.fit(model, labels, parts, folder, args)
    result = training.finish(model, labels, parts, history, setting, folder)
    training.conclude(result, folder)


if __name__ == "__main__":
    cli.run(main, cli.RESUMABLE)
