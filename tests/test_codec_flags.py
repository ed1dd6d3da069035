"""Codecs and rates on the command line: what is chosen, what is shared, what is refused."""

from dataclasses import replace

import pytest

from audio.domain import DOMAIN as SOUND
from cifar import prepare, train
from cifar.domain import DOMAIN as IMAGES
from helmholtz import domain, flags
from helmholtz.codec import Codec, Extra
from helmholtz.data import prepare_command
from helmholtz.errors import MachineError, UsageError
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


def test_data_have_the_rates_within_their_limits_and_the_nearest_is_advised():
    narrow = replace(DULL, limits=lambda facts: (facts["least"], 45, "a dull thing"))
    assert narrow.fitting([0, 20, 24, 25, 45, 46], {"least": 25}) == [0, 25, 45]
    assert narrow.fitting([0, 20], {}) == DULL.fitting([0, 20], {"least": 25}) == [0, 20]
    narrow.check_data([0, 25, 45], {"least": 25}, "quality")
    for rates, least, few, nearest in (
        ([46, 47], 43, "43, 44, 45", 45),
        ([0, 20, 46], 43, "43, 44, 45", 43),
        ([15], 17, ", ".join(map(str, range(17, 46))), 17),
        ([15], 16, "16 to 45", 16),
    ):
        wide = replace(narrow, rates=range(1, 101))
        told = f"There is no Dull {min(filter(None, rates))} of a dull thing, which Dull "
        with pytest.raises(UsageError) as error:
            wide.check_data(rates, {"least": least}, "quality")
        assert str(error.value) == f"{told}compresses to {few}: give --quality {nearest}."


def test_a_grid_of_which_data_can_have_no_rate_is_refused(monkeypatch, tmp_path):
    high = replace(DULL, limits=lambda facts: (40, 45, "a dull thing"))
    monkeypatch.setitem(IMAGES.codecs, "dull", high)
    monkeypatch.setattr(type(IMAGES), "facts", lambda *_: {"dull": True})
    told = "There is no Dull 20 of a dull thing, which Dull compresses to 40, 41"
    with pytest.raises(UsageError, match=told):
        plan.plan(*sweep.parse_args(["cifar", "--source", "sample", "--codec", "dull"]))
    args = prepare.parse_args(["--source", "sample", "--codec", "dull"])
    with pytest.raises(UsageError, match=told):
        prepare_command.main(IMAGES, args)


def test_a_codec_names_its_rates_and_checks_them():
    listed = replace(DULL, rates=[10, 30])
    assert (DULL.folder(30), DULL.rate_name(30), DULL.rate_name(0)) == (
        "dull_30", "Dull 30", "uncompressed",
    )  # fmt: skip
    for codec in (DULL, listed):
        codec.check(0)
        codec.check(30)
        codec.available()
    with pytest.raises(UsageError, match="There is no Dull 20: Dull takes one of 0, 10, 30"):
        listed.check(20)
    replace(DULL, extra=ABSENT._replace(present=lambda: True)).available()
    with pytest.raises(MachineError, match=r"Dull needs dullness.*`pip install dullness`"):
        replace(DULL, extra=ABSENT).available()


def test_files_can_be_kept_by_a_codec_that_has_all_three_parts():
    parts = {"encode": lambda item, rate: bytes(item), "decode": list, "payload": lambda file: 1}
    assert replace(DULL, **parts).keeps
    assert not any(replace(DULL, **parts | {part: None}).keeps for part in parts)
    assert replace(DULL, **parts).keep([1, 2, 3], 20) == (b"\1\2\3", 3, 1)
    uncompressed = replace(DULL, compress=lambda item, rate: (item, rate, 5), **parts)
    assert uncompressed.keep([1], 0) == ([1], 0, 5)
    with pytest.raises(AttributeError):
        DULL.name = "dim"
