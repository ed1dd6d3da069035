"""Real runs of the real command, on few short sounds."""

import json

import numpy as np
import pytest
import soundfile
from helpers import predict_with_bad_files, rows

from audio import predict, train

QUICK = ["--bitrate", "32", "--mono", "--dur", "0.5", "--mels", "32", "--batch_size", "8"]


@pytest.fixture(scope="module")
def sounds(tmp_path_factory):
    """A folder of two classes, low and high, of 20 noisy tones each."""
    folder = tmp_path_factory.mktemp("sounds")
    rng = np.random.default_rng(0)
    for name, hz in (("low", 200), ("high", 3000)):
        (folder / name).mkdir()
        for i in range(20):
            tone = 0.3 * np.sin(2 * np.pi * hz * rng.uniform(0.8, 1.2) * np.arange(22050) / 44100)
            noisy = tone + 0.01 * rng.standard_normal(22050)
            soundfile.write(folder / name / f"{i:02d}.wav", noisy, 44100)
    return folder


@pytest.fixture(scope="module")
def source(sounds):
    return ["--source", str(sounds), *QUICK, "--setting", "5"]


@pytest.fixture(scope="module")
def finished(source, tmp_path_factory):
    """A run of two epochs that was never disturbed."""
    folder = tmp_path_factory.mktemp("finished")
    train.main([*source, "--num_epoch", "2", "--log_dir", str(folder)])
    return folder


def test_a_quarter_validates_and_the_test_split_is_judged(finished):
    result = json.loads((finished / "result.json").read_text())
    assert (result["train_items"], result["val_items"]) == (24, 8)
    assert 0 <= result["test_acc"] <= 1
    assert (result["domain"], result["rate"]) == ("audio", 32)
    assert result["data"]["file_bytes"] < result["data"]["raw_bytes"]
    assert json.loads((finished / "setting.json").read_text())["shape"] == [32, 44, 1]


def test_the_same_seed_gives_the_same_history_and_resuming_changes_nothing(
    source, finished, tmp_path
):
    flags = [*source, "--log_dir", str(tmp_path), "--num_epoch"]
    train.main([*flags, "1"])
    (tmp_path / "result.json").unlink()  # as if it had been stopped after an epoch
    train.main([*flags, "2", "--resume"])
    assert rows(tmp_path) == rows(finished)


def test_weights_are_started_from_only_when_told(source, finished, tmp_path, command):
    best = finished / "best.weights.h5"
    flags = [*source, "--num_epoch", "1", "--log_dir", tmp_path, "--weights"]
    assert command(train.main, *flags, best)[0] == 0
    assert rows(tmp_path)[0] != rows(finished)[0]
    (tmp_path / "no.weights.h5").write_text("none")
    code, error = command(train.main, *flags, tmp_path / "no.weights.h5", "--overwrite")
    assert (code, "damaged" in error) == (3, True)


def test_tiled_spectrograms_train_and_predict(source, sounds, tmp_path, capsys):
    train.main([*source, "--num_epoch", "1", "--tile", "--log_dir", str(tmp_path)])
    assert json.loads((tmp_path / "setting.json").read_text())["shape"] == [32, 44, 3]
    capsys.readouterr()
    predict.main([str(sounds / "low" / "00.wav"), "--log_dir", str(tmp_path), "--json"])
    answer = json.loads(capsys.readouterr().out)
    assert set(answer["probabilities"]) == {"low", "high"}


def test_predict_tells_the_class_of_a_file(finished, sounds, capsys):
    predict.main([str(sounds / "high" / "03.wav"), "--log_dir", str(finished)])
    assert "high" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--bitrate", "33"], "There is no 33 kb/s: MP3 takes one of 0, 8, 16"),
        (["--bitrate", "-8"], "from 0 to 320"),
        (["--setting", "8"], "from 0 to 7"),
        (["--model", "resnet"], "cnn_x3_mlp_128x2"),
        (["--dur", "0"], "is not a number"),
    ],
)
def test_wrong_usage_is_told(flags, said, command):
    code, error = command(train.main, *flags)
    assert (code, said in error) == (2, True), error


def test_predict_answers_for_the_good_files_and_names_each_bad_one(
    finished, sounds, tmp_path, capsys
):
    (tmp_path / "cut.wav").write_bytes((sounds / "low" / "00.wav").read_bytes()[:30])
    good = [sounds / "high" / "03.wav", sounds / "low" / "00.wav"]
    cut = predict_with_bad_files(predict.main, finished, good, tmp_path / "cut.wav", capsys)
    assert "is damaged, it ends early" in cut
