"""The golden numbers and layers of the twelve networks."""

from importlib import import_module
from pathlib import Path

import keras
import pytest
from layers import FLATTEN, SOFTMAX, conv, dense, dropout, told

from audio import models as audio_models
from cifar import models as cifar_models
from helmholtz.errors import UsageError
from helmholtz.training import model_text

ROOT = Path(__file__).parents[1]
PARAMETERS = {
    "cifar": {
        "all-cnns": 701_386,
        "cnns-dense-64": 1_079_562,
        "all-cnnsx2": 1_144_138,
        "cnns-x2-dense-128": 1_276_618,
        "cnns-dense-128": 1_620_298,
        "cnns-dense-128-256": 1_686_090,
    },
    "audio": {
        "cnn_x3_mlp_0": 101_412,
        "cnn_x4_mlp_128": 170_436,
        "cnn_x3_mlp_64_128": 427_492,
        "cnn_x3_mlp_128": 808_356,
        "cnn_x3_mlp_128x2": 824_868,
        "cnn_x2_mlp_128": 3_715_460,
    },
}
SHAPES = {
    "cifar": ((None, 32, 32, 3), (None, 10)),
    "audio": ((None, 96, 173, 1), (None, 12)),
}

DROP = dropout(0.5)
DOWN = conv(128, activation="linear", stride=2)  # no ReLU
STEM = [conv(32), conv(64), DOWN, DROP]
BLOCK = [conv(128), conv(128), DOWN, DROP]
CONV_TAIL = [
    *(conv(128), conv(128, 1), conv(10, 1, "linear", padding="valid")),
    *({"kind": "GlobalAveragePooling2D"}, SOFTMAX),
]


def dense_tail(*sizes):
    hidden = [layer for size in sizes for layer in (dense(size, "relu"), DROP)]
    return [FLATTEN, *hidden, dense(10, "relu"), SOFTMAX]  # a ReLU before the softmax


IMAGES = {
    "all-cnns": [*STEM, *BLOCK, *CONV_TAIL],
    "cnns-dense-64": [*STEM, *BLOCK, *dense_tail(64, 256)],
    "all-cnnsx2": [*STEM, *BLOCK, *BLOCK, *CONV_TAIL],
    "cnns-x2-dense-128": [*STEM, *BLOCK, *BLOCK, *dense_tail(128, 256)],
    "cnns-dense-128": [*STEM, *BLOCK, *dense_tail(128, 256)],
    "cnns-dense-128-256": [*STEM, *BLOCK, *dense_tail(128, 256, 256)],
}

SOUND_CONV = conv(32, activation="linear", padding="valid")
ELU = {"kind": "ELU", "alpha": 1.0}
POOL = {"kind": "MaxPooling2D", "pool_size": (2, 2), "strides": (2, 2), "padding": "valid"}
SOUND_STEM = [
    SOUND_CONV,
    {"kind": "BatchNormalization", "axis": 1, "momentum": 0.99, "epsilon": 0.001},  # of mel rows
    {"kind": "ReLU", "negative_slope": 0.0, "threshold": 0.0},
]
SOUND_BLOCK = [SOUND_CONV, ELU, POOL, dropout(0.5)]


def sound_tail(*sizes):
    hidden = [layer for size in sizes for layer in (dense(size, "linear"), ELU, dropout(0.6))]
    return [FLATTEN, *hidden, dense(12, "linear"), SOFTMAX]


SOUND = {
    "cnn_x3_mlp_0": [*SOUND_STEM, *SOUND_BLOCK * 3, *sound_tail()],
    "cnn_x4_mlp_128": [*SOUND_STEM, *SOUND_BLOCK * 4, *sound_tail(128)],
    "cnn_x3_mlp_64_128": [*SOUND_STEM, *SOUND_BLOCK * 3, *sound_tail(64, 128)],
    "cnn_x3_mlp_128": [*SOUND_STEM, *SOUND_BLOCK * 3, *sound_tail(128)],
    "cnn_x3_mlp_128x2": [*SOUND_STEM, *SOUND_BLOCK * 3, *sound_tail(128, 128)],
    "cnn_x2_mlp_128": [*SOUND_STEM, *SOUND_BLOCK * 2, *sound_tail(128)],
}
LAYERS = {"cifar": IMAGES, "audio": SOUND}
EVERY = pytest.mark.parametrize(
    ("half", "name"), [(half, name) for half, own in LAYERS.items() for name in own]
)


@pytest.mark.parametrize("half", PARAMETERS)
def test_settings_are_in_the_published_order(half):
    known = import_module(f"{half}.constants").ARCHITECTURES
    assert list(known) == list(PARAMETERS[half]) == list(LAYERS[half])
    assert len(list((ROOT / f"{half}_paras").iterdir())) == 6


@EVERY
def test_every_layer_and_the_committed_summary_are_those_published(half, name):
    keras.utils.clear_session()
    network = {"cifar": cifar_models, "audio": audio_models}[half].build_model(name)
    count = PARAMETERS[half][name]
    assert network.count_params() == count
    committed = ROOT / f"{half}_paras" / f"{count}_{name}.txt"
    assert committed.read_text(encoding="utf-8") == model_text.text(network)
    assert told(network) == LAYERS[half][name]
    assert (network.input_shape, network.output_shape) == SHAPES[half]
    assert network.layers[-1].dtype_policy.name == "float32"


@pytest.mark.parametrize("name", IMAGES)
def test_the_output_has_as_many_classes_as_the_data(name):
    network = cifar_models.build_model(name, (16, 24, 3), 4)
    assert (network.input_shape, network.output_shape) == ((None, 16, 24, 3), (None, 4))


@pytest.mark.parametrize(
    ("name", "least"), [("cnn_x2_mlp_128", 12), ("cnn_x3_mlp_0", 24), ("cnn_x4_mlp_128", 48)]
)
def test_spectrograms_that_are_too_small_are_refused(name, least):
    assert audio_models.build_model(name, (least, least, 2)).output_shape == (None, 12)
    with pytest.raises(UsageError, match="--dur"):
        audio_models.build_model(name, (96, least - 1, 2))
