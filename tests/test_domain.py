"""A codec and a network are one entry each of a domain's tables; nothing else knows their names."""

import json
from argparse import Namespace
from dataclasses import replace

import keras
import numpy as np
import pytest

from cifar import predict, prepare, train
from cifar.domain import DOMAIN, PUBLISHED
from helmholtz.codec import Codec
from helmholtz.domain import Network, Recipe
from helmholtz.errors import DataError
from helmholtz.report import __main__ as report
from helmholtz.sweep import __main__ as sweep


def posterize(image, levels):
    """Keep so many levels of every channel; a level of 0 keeps all."""
    if levels == 0:
        return image, image.nbytes, image.nbytes
    step = 256 // levels
    bits = int(np.ceil(np.log2(levels)))
    payload = bits * image.size // 8
    return image // step * step, payload + 10, payload


def adam(args: Namespace, steps: int):
    return keras.optimizers.Adam(args.learning_rate)


def linear(shape, classes):
    layers = [keras.Input(shape), keras.layers.Flatten(), keras.layers.Dense(classes, "softmax")]
    return keras.Sequential(layers, name="linear")


LEVELS = Codec(
    name="levels", title="Levels", axis="levels of a channel", unit="{} levels", prefix="levels",
    rates=range(2, 129), grid=[2, 16], compress=posterize, version=lambda: "levels 1.0",
)  # fmt: skip
LINEAR = Network(linear, Recipe({"batch_size": 8, "num_epoch": 2, "learning_rate": 0.001}, adam,
                                PUBLISHED.layers))  # fmt: skip


@pytest.fixture
def made_up(monkeypatch):
    monkeypatch.setitem(DOMAIN.codecs, "levels", LEVELS)
    monkeypatch.setitem(DOMAIN.networks, "linear", LINEAR)


def test_every_command_takes_what_a_table_holds(made_up, photos, tmp_path, command, capsys):
    source = ["--source", photos, "--data_dir", tmp_path / "data"]
    codec = ["--codec", "levels", "--quality", "16"]
    assert command(prepare.main, *source, *codec)[0] == 0
    assert len(list(tmp_path.glob("data/cifar/*/levels_16/train.h5"))) == 1

    logs = tmp_path / "logs"
    run = logs / "cifar" / "photos" / "linear" / "levels_16" / "seed_0"
    flags = [*source, "--model", "linear"]
    assert command(train.main, *flags, *codec, "--log_dir", run)[0] == 0
    result = json.loads((run / "result.json").read_text())
    assert (result["codec"], result["rate"], result["epochs"]) == ("levels", 16, 2)
    assert result["data"]["file_bytes"] - result["data"]["scan_bytes"] == 10 * 80
    assert (run / "result.json").read_text().count("levels") >= 1
    base = run.parent.parent / "quality_0" / "seed_0"
    assert command(train.main, *flags, "--quality", "0", "--log_dir", base)[0] == 0

    predict.main([str(photos / "dark" / "00.png"), "--log_dir", str(run), "--json"])
    answer = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert set(answer["probabilities"]) == {"dark", "bright"}

    sweep.main(["cifar", *map(str, flags), "--codec", "jpeg", "levels", "--dry_run"])
    listed = capsys.readouterr().out
    assert "16 levels" in listed
    assert "quality 25" in listed

    report.main([str(logs), "--out", str(tmp_path / "report")])
    said = capsys.readouterr().out + (tmp_path / "report" / "index.html").read_text()
    assert "16 levels" in said


def test_rates_and_flags_are_those_of_the_codec_and_the_network(made_up, command, photos):
    code, error = command(train.main, "--codec", "levels", "--quality", "1", "--source", photos)
    assert (code, "There is no 1 levels: Levels takes" in error) == (2, True), error
    code, error = command(train.main, "--model", "linear", "--decay_rate", "1", "--source", photos)
    assert (code, "linear is trained without --decay_rate" in error) == (2, True), error
    assert train.parse_args(["--model", "linear"]).num_epoch == 2
    assert train.parse_args([]).num_epoch == 200


def test_a_run_of_before_has_the_published_codec():
    assert DOMAIN.codec_of({}) is DOMAIN.published
    assert DOMAIN.codec_of({"codec": "jpeg"}).folder(5) == "quality_5"
    for damaged in ("made-up", [], None):
        with pytest.raises(DataError, match="is not one of jpeg, "):
            DOMAIN.codec_of({"codec": damaged})
    other = replace(LEVELS, prefix="webp")
    assert (other.folder(25), other.rate_name(0)) == ("webp_25", "uncompressed")
