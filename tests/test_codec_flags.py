"""Codecs and rates on the command line: what is chosen, what is shared, what is refused."""

from dataclasses import replace

import pytest

from audio.domain import DOMAIN as SOUND
from cifar import prepare, train
from cifar.domain import DOMAIN as IMAGES
from helmholtz import domain, flags
from helmholtz.codec import Codec, Extra
from helmholtz.errors import UsageError
from helmholtz.sweep import __main__ as sweep
from helmholtz.sweep import plan


def dull(image, rate):
    return image // rate * rate, 100 - rate, 90 - rate


DULL = Codec(
    name="dull", title="Dull", axis="Dull rate", unit="Dull {}", prefix="dull", rates=range(20, 51),
    grid=[20, 30], compress=dull,
    version=lambda: "dull 1",
)  # fmt: skip
ABSENT = Extra("dullness", "pip install dullness", lambda: False)


@pytest.fixture(autouse=True)
def _two_codecs(monkeypatch):
    monkeypatch.setattr(IMAGES, "codecs", {"jpeg": IMAGES.published, "dull": DULL})


def names(*words):
    found = flags.chosen(prepare.parse_args([str(word) for word in words]), IMAGES)
    return [(codec.name, rate) for codec, rate in found]


def test_every_codec_has_its_own_grid_and_uncompressed_is_there_once():
    assert names("--codec", "dull") == [("dull", 20), ("dull", 30)]
    both = names("--codec", "dull", "jpeg", "dull")
    assert both == names("--codec", "dull") + [("jpeg", q) for q in IMAGES.published.grid]
    assert names("--codec", "dull", "jpeg", "--quality", 0, 25) == [
        ("jpeg", 0), ("dull", 25), ("jpeg", 25),
    ]  # fmt: skip


def test_a_rate_that_one_of_the_codecs_lacks_is_refused_everywhere():
    wanted = "There is no Dull 10: Dull takes a whole number from 20 to 50, or 0."
    with pytest.raises(UsageError, match=wanted):
        names("--codec", "jpeg", "dull", "--quality", 25, 10)
    with pytest.raises(UsageError, match=wanted):
        train.parse_args(["--codec", "dull", "--quality", "10"])
    with pytest.raises(UsageError, match=wanted):
        plan.plan(*sweep.parse_args(["cifar", "--codec", "jpeg", "dull", "--quality", "10"]))


def test_a_run_without_compression_is_of_the_published_codec_and_one_without_a_rate_has_one():
    assert train.parse_args(["--codec", "dull", "--quality", "0"]).codec == "jpeg"
    assert train.parse_args(["--codec", "dull"]).quality == 30
    assert train.parse_args([]).quality == IMAGES.default_rate


def test_a_sweep_over_codecs_has_one_baseline():
    words = ["cifar", "--source", "sample", "--codec", "jpeg", "dull", "--quality", "0", "25"]
    runs = plan.plan(*sweep.parse_args(words))
    assert [run.folder.parent.name for run in runs] == ["quality_0", "quality_25", "dull_25"]
    assert len({run.name for run in runs}) == 3


@pytest.mark.parametrize("module", [prepare, train])
def test_what_the_machine_lacks_is_named_before_anything_is_prepared(
    module, command, photos, tmp_path, monkeypatch
):
    monkeypatch.setitem(IMAGES.codecs, "dull", replace(DULL, extra=ABSENT))
    data = ["--source", photos, "--data_dir", tmp_path / "data"]
    both = ["--codec", "jpeg", "dull"] if module is prepare else ["--codec", "dull"]
    code, error = command(module.main, *data, *both, "--quality", 25)
    said = "Dull needs dullness, which is not installed: `pip install dullness`."
    assert (code, error.strip()) == (4, said)
    assert not list(tmp_path.glob("data/**/*.h5"))


def test_data_of_one_codec_are_not_trained_on_as_those_of_another(command, photos, tmp_path):
    data = ["--source", photos, "--data_dir", tmp_path]
    assert command(prepare.main, *data, "--codec", "jpeg", "dull", "--quality", 0, 25)[0] == 0
    (folder,), short = tmp_path.glob("cifar/*/dull_25"), ["--num_epoch", 1]
    code, error = command(train.main, "--train_dir", folder, "--log_dir", tmp_path / "run", *short)
    assert (code, "was prepared as dull, not jpeg: give --codec dull." in error) == (2, True)
    args = train.parse_args(["--train_dir", str(folder), "--codec", "dull"])
    assert args.quality is None


@pytest.mark.parametrize("half", [IMAGES, SOUND], ids=lambda half: half.name)
def test_folders_titles_and_rates_tell_the_codecs_apart(half):
    codecs = domain.get(half.name).codecs.values()
    for name in ("name", "prefix", "title", "unit", "axis"):
        assert len({getattr(codec, name) for codec in codecs}) == len(codecs), name
    for codec in codecs:
        assert set(codec.grid) <= set(codec.rates)
        assert list(codec.rates) == sorted(codec.rates)
