"""The golden numbers of the six sound networks."""

from pathlib import Path

import keras
import pytest
from layers import FLATTEN, SOFTMAX, conv, dense, dropout, told

from audio.constants import ARCHITECTURES
from audio.models import build_model
from helmholtz.errors import UsageError
from helmholtz.training import model_text

PARAMETERS = {
    "cnn_x3_mlp_0": 101_412,
    "cnn_x4_mlp_128": 170_436,
    "cnn_x3_mlp_64_128": 427_492,
    "cnn_x3_mlp_128": 808_356,
    "cnn_x3_mlp_128x2": 824_868,
    "cnn_x2_mlp_128": 3_715_460,
}
COMMITTED = Path(__file__).parents[1] / "audio_paras"


def test_settings_are_in_the_published_order():
    assert list(ARCHITECTURES) == list(PARAMETERS)
    assert len(list(COMMITTED.iterdir())) == 6


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_parameters_and_committed_summary(name):
    keras.utils.clear_session()
    model = build_model(name)
    assert model.count_params() == PARAMETERS[name]
    assert model.output_shape == (None, 12)
    committed = (COMMITTED / f"{PARAMETERS[name]}_{name}.txt").read_text(encoding="utf-8")
    assert committed == model_text.text(model)


CONV = conv(32, activation="linear", padding="valid")
ELU = {"kind": "ELU", "alpha": 1.0}
POOL = {"kind": "MaxPooling2D", "pool_size": (2, 2), "strides": (2, 2), "padding": "valid"}
STEM = [
    CONV,
    {"kind": "BatchNormalization", "axis": 1, "momentum": 0.99, "epsilon": 0.001},  # of mel rows
    {"kind": "ReLU", "negative_slope": 0.0, "threshold": 0.0},
]
BLOCK = [CONV, ELU, POOL, dropout(0.5)]


def tail(*sizes):
    hidden = [layer for size in sizes for layer in (dense(size, "linear"), ELU, dropout(0.6))]
    return [FLATTEN, *hidden, dense(12, "linear"), SOFTMAX]


LAYERS = {
    "cnn_x3_mlp_0": [*STEM, *BLOCK * 3, *tail()],
    "cnn_x4_mlp_128": [*STEM, *BLOCK * 4, *tail(128)],
    "cnn_x3_mlp_64_128": [*STEM, *BLOCK * 3, *tail(64, 128)],
    "cnn_x3_mlp_128": [*STEM, *BLOCK * 3, *tail(128)],
    "cnn_x3_mlp_128x2": [*STEM, *BLOCK * 3, *tail(128, 128)],
    "cnn_x2_mlp_128": [*STEM, *BLOCK * 2, *tail(128)],
}


@pytest.mark.parametrize("name", LAYERS)
def test_every_layer_is_the_published_one(name):
    network = build_model(name)
    assert told(network) == LAYERS[name]
    assert (network.input_shape, network.output_shape) == ((None, 96, 173, 1), (None, 12))
    assert network.layers[-1].dtype_policy.name == "float32"


@pytest.mark.parametrize(
    ("name", "least"), [("cnn_x2_mlp_128", 12), ("cnn_x3_mlp_0", 24), ("cnn_x4_mlp_128", 48)]
)
def test_spectrograms_that_are_too_small_are_refused(name, least):
    assert build_model(name, (least, least, 2)).output_shape == (None, 12)
    with pytest.raises(UsageError, match="--dur"):
        build_model(name, (96, least - 1, 2))
