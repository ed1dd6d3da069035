"""evaluate.py: finished runs on test data at other rates, and what is refused."""

import csv
import json
import shutil

import numpy as np
import pytest
from helpers import write_clips

from audio import evaluate as audio_evaluate
from audio import train as audio_train
from cifar import evaluate, predict, prepare, train
from helmholtz.io import predictions, run_state
from helmholtz.io.evaluations import COLUMNS
from helmholtz.sweep import __main__ as sweep

IMAGES = ["--limit", 30, "--num_epoch", 1]
SOUNDS = ["--bitrate", 64, "--model", "quick", "--batch_size", 8, "--num_epoch", 1]
OWN = """
import keras
from helmholtz.domain import Recipe

def make(shape, classes):
    flat = [keras.Input(shape), keras.layers.AveragePooling2D(8), keras.layers.Flatten()]
    network = keras.Sequential([*flat, keras.layers.Dense(classes, activation="softmax")])
    return network, Recipe({"num_epoch": 2}, lambda *_: keras.optimizers.Adam(0.01), layers)

def layers():
    return [keras.layers.Rescaling(1 / 100, dtype="float32")]
"""


def trained(main, folder, *flags):
    main([str(flag) for flag in [*flags, "--log_dir", folder]])
    return folder


@pytest.fixture(scope="module")
def finished(photos, tmp_path_factory):
    """Two runs of the quick network, which are judged once, and one whose epoch is chosen."""
    root, source = tmp_path_factory.mktemp("runs"), ["--source", photos, *IMAGES]
    quick = [*source, "--model", "quick", "--precision", "float32", "--batch_size", 8]
    trained(train.main, root / "clean", *quick, "--quality", 0)
    trained(train.main, root / "low", *quick, "--quality", 5)
    return trained(train.main, root / "chosen", *source, "--quality", 5).parent


@pytest.fixture
def runs(finished, tmp_path):
    return shutil.copytree(finished, tmp_path / "runs")


def table(folder):
    with open(folder / "evaluation.csv") as file:
        header, *rows = csv.reader(file)
    assert header == COLUMNS
    built = json.loads((folder / "setting.json").read_text())["data"]["codec"]
    assert {row.pop() for row in rows if row[0] in ("jpeg", "mp3")} == {built}
    return {(codec, int(rate)): (int(items), float(share)) for codec, rate, items, share in rows}


def test_every_run_is_judged_at_its_own_rate_and_at_those_asked_for(command, runs, capsys):
    folders = [runs / "clean", runs / "low", runs / "chosen"]
    code, error = command(evaluate.main, "--log_dir", *folders, "--quality", 0, 1)
    assert (code, error) == (0, "")
    for folder in folders:
        own = json.loads((folder / "setting.json").read_text())["rate"]
        result, found = json.loads((folder / "result.json").read_text()), table(folder)
        assert set(found) == {("jpeg", rate) for rate in (0, 1, own)}
        said = result["best_val_acc"] if result["test_acc"] is None else result["test_acc"]
        assert found["jpeg", own] == (16, said)
        kept = (folder / "evaluation" / f"jpeg_{own}.csv").read_text()
        assert kept == (folder / "predictions.csv").read_text()
        for (codec, rate), (items, share) in found.items():
            named = predictions.read(folder / "evaluation" / f"{codec}_{rate}.csv")
            assert (len(named.item), named.correct.mean()) == (items, share)


def test_what_was_judged_is_skipped_and_what_is_lost_is_judged_again(command, runs, capsys):
    words = ["--log_dir", runs / "low", runs / "chosen", "--quality", 1]
    evaluate.main(list(map(str, words)))
    said = capsys.readouterr().out
    assert "The test split chose the epoch of 1 run," in said
    assert said.count("test accuracy") == 4
    (runs / "low" / "evaluation" / "jpeg_1.csv").unlink()
    (runs / "low" / "evaluation" / ".tmp-1-jpeg_1.csv").touch()  # of one that was killed
    evaluate.main(list(map(str, words)))
    said = capsys.readouterr().out
    assert said.count("test accuracy") == 1
    assert not list((runs / "low").rglob(".tmp-*"))
    assert "1 of 2 runs had already been evaluated at all of these rates" in said


def test_a_run_that_is_trained_anew_loses_what_its_old_weights_said(runs, photos):
    evaluate.main(["--log_dir", str(runs / "low"), "--quality", "1"])
    flags = [photos, *IMAGES, "--model", "quick", "--quality", 5, "--overwrite"]
    trained(train.main, runs / "low", "--source", *flags)
    assert not (runs / "low" / "evaluation.csv").exists()
    assert not list((runs / "low" / "evaluation").iterdir())


def test_weights_and_data_of_another_run_are_refused(command, runs, photos, tmp_path):
    moved = shutil.copytree(photos, tmp_path / "moved")
    words = ["--log_dir", runs / "low", "--quality", 1, "--source"]
    assert command(evaluate.main, *words, moved) == (0, "")
    (moved / "dark" / "00.png").unlink()
    code, error = command(evaluate.main, *words, moved)
    assert (code, error) == (0, "")  # all was judged, and nothing is read
    code, error = command(evaluate.main, *words[:-1], 2, "--source", moved)
    assert code == 2
    assert "was trained on other data than moved-" in error

    shutil.copy(runs / "chosen" / "best.weights.h5", runs / "clean")
    code, error = command(evaluate.main, "--log_dir", runs / "clean", "--quality", 1)
    assert (code, "of another network" in error) == (3, True)
    assert not (runs / "clean" / "evaluation.csv").exists()


def test_weights_that_say_something_else_are_refused(command, runs):
    shutil.copy(runs / "clean" / "best.weights.h5", runs / "low")
    kept = runs / "low" / "predictions.csv"
    header, *rows = kept.read_text().splitlines()
    flipped = [f"{i},{truth},{1 - int(said)},{p}" for i, truth, said, p in
               (row.split(",") for row in rows)]  # fmt: skip
    kept.write_text("\n".join([header, *flipped]) + "\n")
    code, error = command(evaluate.main, "--log_dir", runs / "low", "--quality", 1)
    assert code == 3
    assert "no longer predicts at its own rate what its predictions.csv holds" in error


def test_what_cannot_be_judged_is_a_sentence(command, runs, tmp_path):
    def refused(*words):
        code, error = command(evaluate.main, "--log_dir", *words)
        assert error.count("\n") == 1
        return code, error

    assert refused(tmp_path, "--quality", 5)[0] == 3
    assert refused(runs / "low", "--quality", 101)[0] == 2
    assert refused(runs / "low", "--quality", 5, "--codec", "none")[0] == 2
    setting = json.loads((runs / "clean" / "setting.json").read_text())
    (runs / "clean" / "setting.json").write_text(json.dumps(setting | {"network": "mine"}))
    assert "setting.json is damaged" in refused(runs / "clean", "--quality", 5)[1]
    (runs / "clean" / "setting.json").write_text(json.dumps(setting))
    (runs / "clean" / "evaluation.csv").write_text("codec,rate\n")
    assert "is damaged" in refused(runs / "clean", "--quality", 5)[1]
    with run_state.held(runs / "low"):
        code, error = refused(runs / "low", "--quality", 5)
    assert (code, "or evaluated" in error) == (2, True)


def test_of_a_run_on_prepared_data_these_say_how_they_were_prepared(command, photos, tmp_path):
    ways = ["--source", photos, "--size", 16, "--full_size", "--fold", 2, "--data_dir", tmp_path]
    assert command(prepare.main, *ways, "--quality", 0)[0] == 0
    (place,) = tmp_path.glob("cifar/*/quality_0")
    flags = ["--train_dir", place, *IMAGES, "--log_dir", tmp_path / "run"]
    assert command(train.main, *flags, "--model", "quick", "--batch_size", 8)[0] == 0
    words = ["--log_dir", tmp_path / "run", "--source", photos, "--data_dir", tmp_path]
    assert command(evaluate.main, *words, "--quality", 5) == (0, "")
    assert {path.parent.name for path in tmp_path.glob("cifar/*/*")} == {place.parent.name}


def test_a_run_of_sounds_is_judged_at_other_bitrates(command, tmp_path):
    source = write_clips(tmp_path / "clips")
    folder = trained(audio_train.main, tmp_path / "run", "--source", source, *SOUNDS)
    code, error = command(audio_evaluate.main, "--log_dir", folder, "--bitrate", 0, 128)
    assert (code, error) == (0, "")
    found = table(folder)
    assert set(found) == {("mp3", rate) for rate in (0, 64, 128)}
    result = json.loads((folder / "result.json").read_text())
    assert found["mp3", 64] == (result["test_items"], result["test_acc"])


def test_a_network_of_ones_own_is_judged_when_its_code_is_given(command, photos, tmp_path, capsys):
    (tmp_path / "own.py").write_text(OWN)
    model, rate = f"{tmp_path / 'own.py'}:make", ["--quality", 5]
    folder = trained(train.main, tmp_path / "run", "--source", photos, *rate, "--model", model)
    code, error = command(evaluate.main, "--log_dir", folder, "--quality", 0)
    assert (code, "give --model FILE.py:make" in error) == (2, True)
    words = ["--log_dir", folder, "--model", model, "--quality", 0]
    assert command(evaluate.main, *words) == (0, "")
    result = json.loads((folder / "result.json").read_text())
    assert table(folder)["jpeg", 5] == (16, result["test_acc"])

    capsys.readouterr()
    files = sorted(photos.rglob("*.png"))
    predict.main([*map(str, files), "--log_dir", str(folder), "--model", model, "--json"])
    told = [json.loads(line)["probabilities"] for line in capsys.readouterr().out.splitlines()]
    said = predictions.read(folder / "predictions.csv")
    for truth, probability in zip(said.truth, said.probability, strict=True):
        name = sorted(told[0])[truth]  # by its own layers, which are not those of other recipes
        own = [one[name] for one, file in zip(told, files, strict=True) if file.parent.name == name]
        assert np.abs(np.subtract(own, probability)).min() < 1e-4


def test_a_sweep_refuses_rates_that_there_are_not_before_it_trains(command, photos, tmp_path):
    words = ["cifar", "--source", photos, "--log_dir", tmp_path / "logs", "--test_quality", 101]
    code, error = command(sweep.main, *words)
    assert (code, "101" in error, (tmp_path / "logs").exists()) == (2, True, False)
