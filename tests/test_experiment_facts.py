"""What is published and what the flags stand for when they are not given."""

import pytest

from audio import prepare as audio_prepare
from audio import sources as audio_sources
from audio import train as audio_train
from cifar import prepare as cifar_prepare
from cifar import sources as cifar_sources
from cifar import train as cifar_train

IMAGES = {
    **{"quality": None, "setting": 0, "model": None, "source": "cifar10", "size": 32},
    **{"batch_size": 128, "num_epoch": 200, "learning_rate": 0.01, "decay_rate": 1e-6, "val": 0},
    **{"limit": None, "seed": 0, "precision": "float32", "resume": False, "overwrite": False},
}
SOUNDS = {
    **{"bitrate": None, "setting": 0, "model": None, "source": "idmt", "val": 0.25},
    **{"batch_size": 50, "num_epoch": 200, "learning_rate": 1.0, "weights": None, "tile": False},
    **{"mono": False, "dur": None, "mels": 96, "resample": 44100, "phase": False},
    **{"limit": None, "seed": 0, "precision": "float32", "resume": False, "overwrite": False},
}


@pytest.mark.parametrize(("train", "published"), [(cifar_train, IMAGES), (audio_train, SOUNDS)])
def test_a_run_without_flags_is_the_published_one(train, published):
    flags = vars(train.parse_args([]))
    assert {name: flags[name] for name in published} == published


def test_the_published_rates_are_prepared():
    assert cifar_prepare.parse_args([]).quality == [1, 5, 10, 15, 20, 25, 50, 75, 100]
    assert audio_prepare.parse_args([]).bitrate == [8, 16, 32, 64, 96, 128, 160]


@pytest.mark.parametrize(
    ("train", "prepare", "flag", "rate"),
    [(cifar_train, cifar_prepare, "quality", 100), (audio_train, audio_prepare, "bitrate", 128)],
)
def test_the_rate_of_a_run_that_names_none(train, prepare, flag, rate, monkeypatch):
    asked = []

    class Asked(Exception):
        """Instead of preparing a whole source."""

    def ask(source, rates, *_):
        asked.extend(rates)
        raise Asked

    monkeypatch.setattr(prepare, "prepare", ask)
    for flags in ([], [f"--{flag}", "0"], [f"--{flag}", "8"]):
        with pytest.raises(Asked):
            prepare.load(train.parse_args(flags))
    assert asked == [rate, 0, 8]


def test_the_classes_are_those_of_the_data_sets():
    images = "airplane automobile bird cat deer dog frog horse ship truck"
    first = "Chorus Distortion EQ FeedbackDelay Flanger NoFX"
    second = "Overdrive Phaser Reverb SlapbackDelay Tremolo Vibrato"
    assert images.split() == cifar_sources.LABELS
    assert first.split() + second.split() == audio_sources.LABELS


def test_the_data_sets_are_known_by_their_published_hashes():
    sha256 = "6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce"
    assert cifar_sources.ARCHIVE["hash"] == f"sha256:{sha256}"
    assert cifar_sources.ARCHIVE["bytes"] == 170_498_071
    assert audio_sources.ARCHIVE["hash"] == "md5:91e845a1b347352993ebd5ba948d5a7c"
