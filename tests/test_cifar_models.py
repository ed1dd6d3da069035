"""The golden numbers of the six image networks."""

from pathlib import Path

import keras
import pytest

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


def test_the_published_quirks_are_there():
    layers = build_model("cnns-dense-64").layers
    strided = [x for x in layers if getattr(x, "strides", None) == (2, 2)]
    assert [x.activation.__name__ for x in strided] == ["linear", "linear"]
    assert layers[-2].activation.__name__ == "relu"  # before the softmax
