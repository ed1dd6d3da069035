"""Networks of the user's own: from a file, a package, a .keras file, and keras.applications."""

import csv
import io
import json
import os
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import h5py
import keras
import numpy as np
import pytest
from helpers import prepare_images, rows, weights
from pages import blocks

from cifar import evaluate, predict, train
from cifar.domain import DOMAIN
from helmholtz import own_network
from helmholtz.errors import UsageError
from helmholtz.io import evaluations
from helmholtz.report import __main__ as report
from helmholtz.sweep import __main__ as sweep
from helmholtz.sweep import plan
from helmholtz.training import keras_file, own_build
from helmholtz.training.device import output_sizes
from helmholtz.training.model import compile_model, seed_layers, set_up

SOURCE = """
import random
import keras
from keras import layers
from helmholtz.domain import Recipe

open("executed", "w").close()


def _stack(shape, *last):
    return keras.Sequential([keras.Input(shape), layers.MaxPooling2D(4), *last])


def make(shape, classes, width=8):
    inputs = keras.Input(shape)
    small = layers.AveragePooling2D(4)(inputs)
    deep = _stack(small.shape[1:], layers.Conv2D(width, 1), layers.Dropout(0.3))
    nested = keras.Sequential([layers.RandomFlip(), deep, layers.Flatten()])
    scores = layers.Dense(classes)(layers.Dropout(0.5)(nested(small)))
    return keras.Model(inputs, layers.Softmax(dtype="float32")(scores)), RECIPE


def _recipe(**flags):
    return Recipe(flags, lambda args, steps: keras.optimizers.Adam(args.learning_rate), _layers)


def _layers():
    return [layers.Rescaling(1 / 255, dtype="float32")]


RECIPE = _recipe(num_epoch=1, batch_size=8)


def logits(shape, classes):
    return _stack(shape, layers.Flatten(), layers.Dense(classes))


def three(shape, classes):
    return _stack(shape, layers.Flatten(), layers.Dense(3, "softmax"))


def spread(shape, classes):
    return _stack(shape, layers.Dense(classes, "softmax"))


def nan(shape, classes):
    return _stack(shape, layers.Rescaling(float("nan")), layers.Flatten(),
                  layers.Dense(classes, "softmax"))


def other(shape, classes):
    return _stack(shape, layers.Flatten(), layers.Dense(random.randrange(1, 1000)),
                  layers.Dense(classes, "softmax"))


def fetch(shape, classes):
    keras.utils.get_file("weights.h5", "http://127.0.0.1:9/weights.h5", cache_dir="empty")


def nothing(shape, classes):
    pass


def breaks(shape, classes):
    return 1 / 0


def rate(shape, classes):
    return make(shape, classes)[0], _recipe(learning_rate="high")


def unknown(shape, classes):
    return make(shape, classes)[0], _recipe(speed=3)


def unused(shape, classes):
    return make(shape, classes)[0], _recipe(seed=3)
"""
ROOT = Path(train.__file__).parents[1]
FROZEN = ["--model", "keras:MobileNet", "--model_args", '{"alpha": 0.25}']
FROZEN += ["--weights", "mobile.weights.h5", "--freeze"]
QUICK = ["--quality", "5", "--limit", "16"]


@pytest.fixture(scope="module")
def here(photos, tmp_path_factory):
    """A working directory with a network of every kind; the photographs are prepared."""
    folder = tmp_path_factory.mktemp("own")
    (folder / "mine.py").write_text(SOURCE)
    (folder / "ownpackage").mkdir()
    (folder / "ownpackage" / "__init__.py").write_text("")
    (folder / "ownpackage" / "sizes.py").write_text("WIDTH = 4\n")
    (folder / "ownpackage" / "nets.py").write_text(
        "from ownpackage.sizes import WIDTH\n" + SOURCE.replace("width=8", "width=WIDTH")
    )
    sequential(keras.layers.Dropout(0.2)).save(folder / "arch.keras")
    sequential(keras.layers.Lambda(abs)).save(folder / "lambda.keras")
    backbone = keras.applications.MobileNet(
        include_top=False, weights=None, input_shape=(32, 32, 3), pooling="avg", alpha=0.25
    )
    backbone.save_weights(folder / "mobile.weights.h5")
    return folder


def sequential(layer):
    stack = [keras.Input((32, 32, 3)), keras.layers.MaxPooling2D(4), layer, keras.layers.Flatten()]
    return keras.Sequential([*stack, keras.layers.Dense(2, "softmax")])


@pytest.fixture
def base(here, photos, monkeypatch):
    monkeypatch.chdir(here)
    (here / "executed").unlink(missing_ok=True)
    prepare_images(str(photos), [5])
    return ["--source", photos, *QUICK]


KINDS = {
    "mine": (["--model", "mine.py:make", "--model_args", '{"width": 3}'], True),
    "nets": (["--model", "ownpackage.nets:make"], True),
    "arch": (["--model", "arch.keras", "--num_epoch", "1", "--batch_size", "8"], False),
    "mobilenet": ([*FROZEN, "--num_epoch", "1"], False),
}
CHANGES = """
import keras
from pathlib import Path

def make(shape, classes):
    Path(__file__).write_text("def make(")  # as an editor leaves it half-way
    return keras.Sequential([
        keras.Input(shape), keras.layers.Flatten(), keras.layers.Dense(classes, "softmax")
    ])
"""


def test_what_is_kept_of_a_file_that_changes_meanwhile_is_what_was_trained(base, tmp_path, command):
    file = tmp_path / "changes.py"
    file.write_text(CHANGES)
    flags = [*base, "--model", f"{file}:make", "--num_epoch", 1, "--log_dir", tmp_path / "run"]
    assert command(train.main, *flags) == (0, "")
    assert (tmp_path / "run" / "model_source.py").read_text() == CHANGES


@pytest.mark.parametrize("kind", KINDS)
def test_a_network_of_ones_own_is_trained_swept_reported_and_predicted(
    kind, base, photos, tmp_path, monkeypatch, command, capsys
):
    monkeypatch.setattr("helmholtz.io.runs.LOGS", tmp_path)
    flags, code = KINDS[kind]
    assert command(train.main, *base, *flags) == (0, "")
    (run,) = (path.parent for path in tmp_path.rglob("result.json"))
    assert run.parts[-3].startswith(f"{kind}-")
    setting = json.loads((run / "setting.json").read_text())
    assert setting["model"] == run.parts[-3]
    assert setting["flags"]["own"] == flags[1]
    assert setting["flags"]["num_epoch"] == 1
    assert all(len(setting["network"][key]) == 64 for key in ("source", "architecture"))
    chosen = "nothing" if not code else "held-out training items"  # by a recipe of its own
    assert json.loads((run / "result.json").read_text())["validated_on"] == chosen
    kept = list(run.glob("model_source.*"))
    assert [path.read_bytes() for path in kept] == (
        [] if kind == "mobilenet" else [own_network._resolve(flags[1], {}, False, None).source]
    )

    capsys.readouterr()
    sweep.main(["cifar", *map(str, [*base, *flags]), "--dry_run"])
    listed = capsys.readouterr().out
    assert "finished" in listed

    report.main([str(tmp_path), "--out", str(tmp_path / "report")])
    page = (tmp_path / "report" / "index.html").read_text()
    assert run.parts[-3] in page
    assert f"--model {flags[1]}" in page

    if kind == "mobilenet":  # frozen: its weights are those of the file
        stored = [*weights(run / "best.weights.h5").values()]
        for value in weights(Path("mobile.weights.h5")).values():
            assert any(np.array_equal(value, other) for other in stored)
    files = [photos / "dark" / "00.png", "--log_dir", run]
    if code:
        answer, said = command(predict.main, *files)
        assert (answer, "code, which is taken from the command line" in said) == (2, True)
        files += ["--model", flags[1]]
        judged = ["--log_dir", run, "--quality", "10"]
        answer, said = command(evaluate.main, *judged)
        assert (answer, "code, which is taken from the command line" in said) == (2, True)
        assert command(evaluate.main, *judged, "--model", flags[1]) == (0, "")
    capsys.readouterr()
    predict.main([*map(str, files), "--json"])
    answer = json.loads(capsys.readouterr().out.splitlines()[-1])["probabilities"]
    assert sum(answer.values()) == pytest.approx(1, abs=1e-5)


def test_it_computes_in_the_precision_that_was_asked(base, here, photos, tmp_path, command):
    low = ["--precision", "bfloat16", "--model", "mine.py:make", "--log_dir", tmp_path / "run"]
    assert command(train.main, *base, *low) == (0, "")
    setting = json.loads((tmp_path / "run" / "setting.json").read_text())
    own = own_network.of_run(setting, "mine.py:make", tmp_path / "run")
    set_up(0, "bfloat16")
    network, _ = own_build.rebuild(DOMAIN, setting, own)
    assert own_build._computes(network, "bfloat16")
    set_up(0, "float32")
    network, _ = own_build.rebuild(DOMAIN, setting, own)
    assert not own_build._computes(network, "bfloat16")
    again = [photos / "dark" / "00.png", "--log_dir", tmp_path / "run", "--model", "mine.py:make"]
    assert command(predict.main, *again)[0] == 0


def test_a_sweep_trains_and_tests_a_network_of_ones_own_at_every_rate(base, tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    words = ["cifar", *base[:2], "--limit", "16", "--model", "mine.py:make", "--quality", "5", "10"]
    words += ["--jobs", "2", "--data_dir", tmp_path, "--log_dir", tmp_path / "logs"]
    sweep.main([str(word) for word in [*words, "--test_quality", "5", "0"]])
    tested = {run.parent.name: set(evaluations.read(run)) for run in tmp_path.rglob("seed_0")}
    assert tested == {
        "quality_5": {("jpeg", 0), ("jpeg", 5)},
        "quality_10": {("jpeg", 0), ("jpeg", 5), ("jpeg", 10)},
    }
    report.main([str(tmp_path / "logs"), "--out", str(tmp_path / "report")])
    with open(tmp_path / "report" / "summary.csv") as file:
        rows = list(csv.DictReader(file))
    assert [(row["model"][:5], row["rate"]) for row in rows] == [("mine-", "5"), ("mine-", "10")]
    assert len({row["model"] for row in rows}) == 1
    page = (tmp_path / "report" / "index.html").read_text()
    assert f"Trained on what, tested on what: {rows[0]['model']}" in page


@pytest.mark.parametrize(
    ("model", "said"),
    [
        ("mine.py:logits", "gives logits or other numbers"),
        ("mine.py:three", "gives 3 for an item, not 2 probabilities"),
        ("mine.py:spread", "gives 8 x 8 x 2 for an item, not 2 probabilities"),
        ("mine.py:nan", "gives NaN or infinity"),
        ("mine.py:other", "builds a different network each time"),
        ("mine.py:fetch", "would need a download (http://127.0.0.1:9/weights.h5)"),
        ("mine.py:nothing", "returns a NoneType: it must return a Keras model."),
        ("mine.py:breaks", "failed in line 65: ZeroDivisionError: division by zero."),
        (
            "mine.py:rate",
            "a recipe that is wrong: argument --learning_rate: 'high' is not a finite",
        ),
        ("mine.py:unknown", "returns a recipe with speed, which no recipe sets: give the flag"),
        ("mine.py:unused", "returns a recipe with seed, which no recipe sets: give the flag"),
        ("mine.py:absent", "mine.py has no function absent"),
        ("mine.py:", "names no function"),
        ("absent.py:make", "absent.py cannot be read: No such file"),
        ("absent.module:make", "There is no Python module absent.module"),
        ("broken.py:make", "broken.py is not Python in line 2: invalid syntax."),
        ("needs.py:make", "failed in line 1: ModuleNotFoundError: No module named 'nowhere'."),
        ("absent.keras", "absent.keras cannot be read: No such file"),
        ("mine.keras", "mine.keras is not a .keras file as Keras 3 writes it"),
        ("lambda.keras", "lambda.keras holds Lambda, which is not on the list"),
        ("keras:Absent", "keras.applications has no Absent"),
        ("keras:imagenet_utils", "keras.applications has no imagenet_utils"),
    ],
)
def test_what_cannot_be_trained_is_told_in_a_sentence(model, said, base, here, tmp_path, command):
    (here / "broken.py").write_text("import keras\nmake = = 3\n")
    (here / "needs.py").write_text("import nowhere\n")
    (here / "mine.keras").write_bytes(b"no archive")
    code, error = command(train.main, *base, "--model", model, "--log_dir", tmp_path / "run")
    assert (code, said in error, error.count("\n")) == (2, True, 1), error
    assert not list(tmp_path.rglob("*.json"))


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--model_args", "[3]", "--model", "mine.py:make"], "is not a JSON object"),
        (["--model_args", '{"depth": 3}', "--model", "mine.py:make"], "TypeError"),
        (["--model_args", "{}"], "--model_args is for a network of your own"),
        (["--freeze"], "--freeze is for a network of your own"),
        (["--freeze", "--model", "mine.py:make"], "--freeze is for keras:NAME with --weights"),
        (["--weights", "absent.h5", "--model", "keras:MobileNet"], "absent.h5 cannot be read"),
        (["--weights", "mobile.weights.h5", "--model", "keras:EfficientNetB0"], "EfficientNetV2B0"),
        (["--precision", "bfloat16", "--model", "arch.keras"], "leave --precision out"),
        (
            ["--model_args", '{"weights": "imagenet"}', "--model", "keras:MobileNet"],
            "multiple values",
        ),
        (["--model_args", '{"a": 1}', "--model", "arch.keras"], "for functions and keras:NAME"),
    ],
)
def test_flags_that_do_not_fit_the_network_are_told(flags, said, base, tmp_path, command):
    code, error = command(train.main, *base, *flags, "--log_dir", tmp_path / "run")
    assert (code, said in error, error.count("\n")) == (2, True, 1), error


def test_weights_of_another_network_are_refused(base, here, tmp_path, command):
    flags = ["--model", "keras:MobileNet", "--weights", "mobile.weights.h5", "--log_dir", tmp_path]
    code, error = command(train.main, *base, *flags)
    assert (code, "mobile.weights.h5 is missing, damaged, or of another" in error) == (3, True)
    sequential(keras.layers.Dropout(0.2)).save_weights(here / "other.weights.h5")
    flags[3] = "other.weights.h5"
    code, error = command(train.main, *base, *flags, *FROZEN[2:4])
    assert (code, "other.weights.h5" in error, error.count("\n")) == (3, True, 1), error


def test_a_bad_network_is_refused_before_any_data_are_prepared(base, tmp_path, command):
    flags = [*base, "--model", "mine.py:logits", "--data_dir", tmp_path]
    code, error = command(train.main, *flags, "--log_dir", tmp_path / "run")
    assert (code, error.count("\n")) == (2, 1), error
    assert error.startswith("mine.py:logits gives logits")
    assert not list(tmp_path.rglob("*"))


def test_a_plan_of_a_sweep_executes_nothing(base, here, command):
    models = ["mine.py:make", "ownpackage.nets:make", "all-cnns"]
    assert command(sweep.main, "cifar", *base, "--model", *models, "--dry_run")[0] == 0
    assert not (here / "executed").exists()


def test_the_example_of_the_page_is_a_network(base, here, tmp_path, command):
    (block,) = blocks(ROOT / "docs" / "own-networks.md", "python")
    (here / "page.py").write_text(block)
    flags = ["--model", "page.py:make", "--model_args", '{"width": 4}', "--num_epoch", "1"]
    assert command(train.main, *base, *flags, "--log_dir", tmp_path)[0] == 0
    result = json.loads((tmp_path / "result.json").read_text())
    assert (result["counted_epoch"], result["precision"]) == ("last", "float32")


# strong takes a processor a fifth of a second a batch
@pytest.mark.parametrize(
    ("model", "items", "epochs"), [("mine.py:make", 80, 12), ("quick", 80, 12), ("strong", 24, 4)]
)
def test_a_killed_and_resumed_run_ends_as_if_it_had_never_stopped(
    model, items, epochs, base, photos, tmp_path, command
):
    data = prepare_images(str(photos), [5])[5]
    flags = ["--train_dir", data, "--model", model, "--batch_size", 8, "--limit", items]
    flags += ["--num_epoch", epochs]
    whole, resumed = tmp_path / "whole", tmp_path / "resumed"
    program = [sys.executable, "-m", "cifar.train", *map(str, flags), "--log_dir", str(resumed)]
    child = subprocess.Popen(program, env=os.environ | {"PYTHONPATH": str(ROOT)})
    while not any(resumed.glob("checkpoint_*.h5")):
        assert child.poll() is None
        time.sleep(0.002)
    child.kill()
    child.wait()
    assert not (resumed / "result.json").exists()
    assert command(train.main, *flags, "--log_dir", whole)[0] == 0
    assert command(train.main, *flags, "--log_dir", resumed, "--resume")[0] == 0
    assert rows(whole) == rows(resumed)
    for name in (f"checkpoint_{epochs:04d}.h5", "best.weights.h5"):
        one, other = weights(whole / name), weights(resumed / name)
        assert one.keys() == other.keys()
        for key in one:
            np.testing.assert_array_equal(one[key], other[key])


def test_every_generator_of_an_application_is_seeded():
    backbone = keras.applications.EfficientNetV2B0(
        include_top=False, weights=None, input_shape=(32, 32, 3), pooling="avg"
    )
    network = keras.Sequential(
        [keras.Input((32, 32, 3)), backbone, keras.layers.Dense(2, "softmax")]
    )
    model = compile_model(np.zeros((8, 32, 32, 3), np.uint8), [], network, "sgd")
    seed_layers(model, 0, 1)
    states = [v for v in network.variables if v.name == "seed_generator_state"]
    assert len(states) > 10
    assert len({int(np.asarray(state)[0]) for state in states}) == len(states)
    assert max(output_sizes(network)) == 16 * 16 * 32  # of a layer within


def test_another_version_is_another_network(base, here, photos, tmp_path, monkeypatch, command):
    monkeypatch.setattr("helmholtz.io.runs.LOGS", tmp_path / "logs")
    flags = [*base, "--model", "changing.py:make"]
    for rate in ("0.3", "0.4"):
        (here / "changing.py").write_text(SOURCE.replace("0.3", rate))
        assert command(train.main, *flags)[0] == 0
    old, new = sorted((tmp_path / "logs").rglob("result.json"), key=os.path.getmtime)
    report.main([str(tmp_path / "logs"), "--out", str(tmp_path / "report")])
    with open(tmp_path / "report" / "summary.csv") as file:
        found = list(csv.DictReader(file))
    assert {row["model"] for row in found} == {old.parts[-4], new.parts[-4]}
    assert [row["seeds"] for row in found] == ["1", "1"]

    file = photos / "dark" / "00.png"
    code, error = command(predict.main, file, "--log_dir", old.parent, "--model", flags[-1])
    assert (code, "has changed since the run was trained" in error) == (2, True), error
    old.unlink()
    code, error = command(train.main, *flags, "--log_dir", old.parent, "--resume")
    assert (code, f"model {old.parts[-4]}, not {new.parts[-4]}" in error) == (2, True), error


def test_a_file_beside_a_module_is_part_of_its_digest(base, here):
    before = own_network._resolve("ownpackage.nets:make", {}, False, None).label
    kept = (here / "ownpackage" / "sizes.py").read_text()
    (here / "ownpackage" / "sizes.py").write_text("WIDTH = 5\n")
    assert own_network._resolve("ownpackage.nets:make", {}, False, None).label != before
    (here / "ownpackage" / "sizes.py").write_text(kept)
    assert own_network._resolve("ownpackage.nets:make", {}, False, None).label == before


HOSTILE = [
    {"module": "os", "class_name": "system", "config": {}, "registered_name": None},
    {"module": "keras.layers", "class_name": "TFSMLayer", "config": {}, "registered_name": None},
    {"module": "keras.layers", "class_name": "Dense", "config": {}, "registered_name": "my>Dense"},
    {"module": "builtins", "class_name": "function", "config": "eval", "registered_name": "eval"},
    {"class_name": "__lambda__", "config": {"value": "4wAAAA=="}},
    {"module": "keras.saving", "class_name": "load_model", "config": {}, "registered_name": None},
    {"class_name": ["Dense"], "module": "keras.layers", "config": {}},
]


@pytest.mark.parametrize("part", HOSTILE, ids=lambda part: str(part["class_name"]))
def test_a_keras_file_gives_no_code_wherever_it_hides(part, here, tmp_path):
    with zipfile.ZipFile(here / "arch.keras") as archive:
        config = json.loads(archive.read("config.json"))
    config["config"]["layers"][1]["config"]["data_format"] = {"deep": [part]}
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("config.json", json.dumps(config))
    (tmp_path / "x.keras").write_bytes(content.getvalue())
    with pytest.raises(UsageError, match="not on the list of layers"):
        keras_file.read_config(own_network._resolve(str(tmp_path / "x.keras"), {}, False, None))


def test_ray_carries_a_file_along_and_refuses_a_module(base, here, tmp_path):
    pytest.importorskip("ray")
    from helmholtz.sweep import ray_engine

    words = [str(word) for word in ["cifar", *base, "--model", "mine.py:make", "arch.keras"]]
    for run, name in zip(
        plan.plan(*sweep.parse_args(words)), ("mine.py", "arch.keras"), strict=True
    ):
        ray_engine.check_paths(run)
        own = own_network.of_flags(run.args)
        flags = own_network.unpack(own, run.flags, tmp_path)
        again = train.parse_args([*flags, "--log_dir", str(tmp_path)])
        assert Path(again.own.removesuffix(":make")) == tmp_path / name
        assert again.model == run.args.model
    (run,) = plan.plan(*sweep.parse_args([*words[:-2], "ownpackage.nets:make"]))
    with pytest.raises(UsageError, match="Ray's nodes do not have it"):
        ray_engine.check_paths(run)


def test_features_of_a_frozen_backbone_are_computed_once_a_rate(base, photos, tmp_path, capsys):
    prepare_images(str(photos), [10])
    flags = [*map(str, base[:2]), *FROZEN, "--num_epoch", "30", "--batch_size", "8"]
    said = []
    for rate, seed in (("5", "0"), ("5", "1"), ("10", "0")):
        run = tmp_path / f"{rate}_{seed}"
        train.main([*flags, "--quality", rate, "--seed", seed, "--log_dir", str(run)])
        said.append(capsys.readouterr().out)
    assert [text.count("Computing the features of 80 items") for text in said] == [1, 0, 1]
    assert all("nothing is augmented" in text for text in said)
    one, other = (weights(tmp_path / name / "best.weights.h5") for name in ("5_0", "5_1"))
    changed = {key for key in one if not np.array_equal(one[key], other[key])}
    assert {value.shape for key, value in one.items() if key in changed} == {(256, 2), (2,)}

    network = keras.saving.load_model(tmp_path / "5_0" / "model.keras")
    result = json.loads((tmp_path / "5_0" / "result.json").read_text())
    evaluate.main(["--log_dir", str(tmp_path / "5_0"), "--quality", "10"])
    assert f"quality 5: test accuracy {result['test_acc']:.4f}" in capsys.readouterr().out
    with h5py.File(prepare_images(str(photos), [5])[5] / "test.h5") as file:
        found = network.predict(file["data"][()] / 255, verbose=0).argmax(axis=1)
        assert result["test_acc"] == pytest.approx((found == file["label"][()]).mean())
    assert result["parameters"] == network.count_params()
