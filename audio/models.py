"""The six networks, from one table and one builder.

python -m audio.models        writes audio_paras/<parameters>_<model>.txt
"""

from itertools import chain
from pathlib import Path

import keras
from keras import layers

from audio.constants import ARCHITECTURES, LABELS, SHAPE
from helmholtz import cli
from helmholtz.errors import UsageError
from helmholtz.training import model_text


def build_model(name: str, shape=SHAPE, classes: int = len(LABELS)) -> keras.Sequential:
    """An untrained network of ARCHITECTURES.

    Takes spectrograms in decibels, batch x mels x frames x channels, and gives float32
    probabilities, batch x classes. Raises UsageError when shape is too small for the network.
    """
    architecture = ARCHITECTURES[name]
    least = 3 * 2 ** architecture["blocks"]  # leaves one pixel after the last block
    if min(shape[:2]) < least:
        raise UsageError(
            f"{name} needs spectrograms of {least} x {least} and more, not {shape[0]} mels x "
            f"{shape[1]} frames: give longer clips (--dur), more --mels, or another --setting."
        )
    # Normalising each mel row (axis 1) and not each channel is as published, kept on purpose.
    stack = [keras.Input(shape), _conv(), layers.BatchNormalization(axis=1), layers.ReLU()]
    for _ in range(architecture["blocks"]):
        stack += [_conv(), layers.ELU(), layers.MaxPooling2D(), layers.Dropout(0.5)]
    stack += _dense_tail(architecture["dense"], classes)
    return keras.Sequential([*stack, layers.Activation("softmax", dtype="float32")], name=name)


def _conv() -> layers.Layer:
    return layers.Conv2D(32, 3, padding="valid")


def _dense_tail(sizes: list[int], classes: int) -> list:
    hidden = [[layers.Dense(size), layers.ELU(), layers.Dropout(0.6)] for size in sizes]
    return [layers.Flatten(), *chain(*hidden), layers.Dense(classes)]


def main(argv=None) -> None:
    cli.Parser(description=__doc__.split("\n\n")[0]).parse_args(argv)
    model_text.write(Path(__file__).parents[1] / "audio_paras", build_model, ARCHITECTURES)


if __name__ == "__main__":
    cli.run(main)
