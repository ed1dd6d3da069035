"""What is published and what the flags stand for when they are not given."""

import pytest

from audio import constants as audio_constants
from audio import domain as sound
from audio import prepare as audio_prepare
from audio import train as audio_train
from cifar import constants as cifar_constants
from cifar import domain as images
from cifar import prepare as cifar_prepare
from cifar import train as cifar_train
from helmholtz import flags

IMAGES = {
    **{"quality": 100, "setting": 0, "model": "all-cnns", "source": "cifar10", "size": 32},
    **{"batch_size": 128, "num_epoch": 200, "learning_rate": 0.01, "decay_rate": 1e-6, "val": 0},
    **{"limit": None, "seed": 0, "precision": "float32", "resume": False, "overwrite": False},
}
SOUNDS = {
    **{"bitrate": 128, "setting": 0, "model": "cnn_x3_mlp_0", "source": "idmt", "val": 0.25},
    **{"batch_size": 50, "num_epoch": 200, "learning_rate": 1.0, "weights": None, "tile": False},
    **{"mono": False, "dur": None, "mels": 96, "phase": False},
    **{"limit": None, "seed": 0, "precision": "float32", "resume": False, "overwrite": False},
}


@pytest.mark.parametrize(("train", "published"), [(cifar_train, IMAGES), (audio_train, SOUNDS)])
def test_a_run_without_flags_is_the_published_one(train, published):
    given = vars(train.parse_args([]))
    assert {name: given[name] for name in published} == published


def test_the_published_rates_are_prepared():
    for prepare, domain, rates in [
        (cifar_prepare, images.DOMAIN, [1, 5, 10, 15, 20, 25, 50, 75, 100]),
        (audio_prepare, sound.DOMAIN, [8, 16, 32, 64, 96, 128, 160]),
    ]:
        found = flags.chosen(prepare.parse_args([]), domain)
        assert found == [(domain.published, rate) for rate in rates]


@pytest.mark.parametrize(
    ("train", "flag", "rate"), [(cifar_train, "quality", 100), (audio_train, "bitrate", 128)]
)
def test_the_rate_of_a_run_that_names_none(train, flag, rate, tmp_path):
    given = [[], [f"--{flag}", "0"], [f"--{flag}", "8"], ["--train_dir", str(tmp_path)]]
    asked = [getattr(train.parse_args(flags), flag) for flags in given]
    assert asked == [rate, 0, 8, None]  # prepared data say their own


def test_the_classes_are_those_of_the_data_sets():
    images = "airplane automobile bird cat deer dog frog horse ship truck"
    first = "Chorus Distortion EQ FeedbackDelay Flanger NoFX"
    second = "Overdrive Phaser Reverb SlapbackDelay Tremolo Vibrato"
    assert images.split() == cifar_constants.LABELS
    assert first.split() + second.split() == audio_constants.LABELS


def test_the_data_sets_are_known_by_their_published_hashes():
    sha256 = "6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce"
    assert cifar_constants.ARCHIVE["hash"] == f"sha256:{sha256}"
    assert cifar_constants.ARCHIVE["bytes"] == 170_498_071
    assert audio_constants.ARCHIVE["hash"] == "md5:91e845a1b347352993ebd5ba948d5a7c"
