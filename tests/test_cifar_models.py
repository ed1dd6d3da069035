"""The golden numbers of the six image networks."""

from pathlib import Path

import keras
import pytest
from layers import FLATTEN, SOFTMAX, conv, dense, dropout, told

from cifar.constants import ARCHITECTURES
from cifar.models import build_model
from helmholtz.training import model_text

PARAMETERS = {
    "all-cnns": 701_386,
    "cnns-dense-64": 1_079_562,
    "all-cnnsx2": 1_144_138,
    "cnns-x2-dense-128": 1_276_618,
    "cnns-dense-128": 1_620_298,
    "cnns-dense-128-256": 1_686_090,
}
COMMITTED = Path(__file__).parents[1] / "cifar_paras"


def test_settings_are_in_the_published_order():
    assert list(ARCHITECTURES) == list(PARAMETERS)
    assert len(list(COMMITTED.iterdir())) == 6


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_parameters_and_committed_summary(name):
    keras.utils.clear_session()
    model = build_model(name)
    assert model.count_params() == PARAMETERS[name]
    assert model.output_shape == (None, 10)
    committed = (COMMITTED / f"{PARAMETERS[name]}_{name}.txt").read_text(encoding="utf-8")
    assert committed == model_text.text(model)


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


LAYERS = {
    "all-cnns": [*STEM, *BLOCK, *CONV_TAIL],
    "cnns-dense-64": [*STEM, *BLOCK, *dense_tail(64, 256)],
    "all-cnnsx2": [*STEM, *BLOCK, *BLOCK, *CONV_TAIL],
    "cnns-x2-dense-128": [*STEM, *BLOCK, *BLOCK, *dense_tail(128, 256)],
    "cnns-dense-128": [*STEM, *BLOCK, *dense_tail(128, 256)],
    "cnns-dense-128-256": [*STEM, *BLOCK, *dense_tail(128, 256, 256)],
}


@pytest.mark.parametrize("name", LAYERS)
def test_every_layer_is_the_published_one(name):
    network = build_model(name)
    assert told(network) == LAYERS[name]
    assert (network.input_shape, network.output_shape) == ((None, 32, 32, 3), (None, 10))
    assert network.layers[-1].dtype_policy.name == "float32"


@pytest.mark.parametrize("name", LAYERS)
def test_the_output_has_as_many_classes_as_the_data(name):
    network = build_model(name, (16, 24, 3), 4)
    assert (network.input_shape, network.output_shape) == ((None, 16, 24, 3), (None, 4))
