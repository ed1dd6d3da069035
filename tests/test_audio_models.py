"""The golden numbers of the six sound networks."""

from pathlib import Path

import keras
import pytest

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


def test_the_published_quirks_are_there():
    layers = build_model("cnn_x3_mlp_64_128").layers
    assert [x.axis for x in layers if isinstance(x, keras.layers.BatchNormalization)] == [1]
    rates = [x.rate for x in layers if isinstance(x, keras.layers.Dropout)]
    assert rates == [0.5, 0.5, 0.5, 0.6, 0.6]


@pytest.mark.parametrize(
    ("name", "least"), [("cnn_x2_mlp_128", 12), ("cnn_x3_mlp_0", 24), ("cnn_x4_mlp_128", 48)]
)
def test_spectrograms_that_are_too_small_are_refused(name, least):
    assert build_model(name, (least, least, 2)).output_shape == (None, 12)
    with pytest.raises(UsageError, match="--dur"):
        build_model(name, (96, least - 1, 2))
