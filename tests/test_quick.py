"""The networks that learn quickly, and the protocol in which the last epoch counts."""

import csv
import json

import h5py
import keras
import numpy as np
import pytest
from helpers import rows, weights
from layers import RELU, SOFTMAX, dense, normed, plain_conv, pool, rescaling, told_all
from report_runs import make_run

from cifar import predict, train
from cifar.augment import AlternatingFlip
from cifar.constants import QUICK
from cifar.domain import DOMAIN
from cifar.quick import build_model, initialise, whitening
from helmholtz import machine
from helmholtz.analysis import experiments, logs
from helmholtz.analysis.summary import TEST, starred
from helmholtz.errors import UsageError
from helmholtz.report import __main__ as report
from helmholtz.training.recipes import Triangle, default, nesterov, smoothed_crossentropy

PARAMETERS = {"quick": 295_520, "strong": 1_973_920}
FLAGS = ["--quality", "0", "--batch_size", "16", "--precision", "float32"]
GROUP = [
    *("Conv2D", "MaxPooling2D", "BatchNormalization", "ReLU"),
    *("Conv2D", "BatchNormalization", "ReLU"),
]


@pytest.fixture
def images():
    rng = np.random.default_rng(0)
    smooth = rng.normal(128, 40, (200, 9, 9, 3)).repeat(2, axis=1).repeat(2, axis=2)
    return (smooth + rng.normal(0, 5, smooth.shape)).clip(0, 255).astype(np.uint8)


@pytest.fixture(scope="module")
def finished(photos, tmp_path_factory):
    """A run of three epochs that was never disturbed."""
    folder = tmp_path_factory.mktemp("finished")
    flags = ["--source", str(photos), "--model", "quick", *FLAGS, "--num_epoch", "3"]
    train.main([*flags, "--log_dir", str(folder)])
    return folder


@pytest.mark.parametrize("name", QUICK)
def test_a_network_is_whitening_three_groups_and_a_dense_layer(name):
    network = build_model(name, (32, 32, 3), 10)
    kinds = [type(layer).__name__ for layer in network.layers]
    head = ["GlobalMaxPooling2D", "Dense", "Rescaling", "Activation"]
    assert kinds == ["Rescaling", "Conv2D", "ReLU", *3 * GROUP, *head]
    assert network.count_params() == PARAMETERS[name]
    assert not network.get_layer("whitening").trainable
    assert build_model(name, (48, 65, 3), 4).output_shape == (None, 4)
    assert build_model(name, (9, 9, 3), 4).output_shape == (None, 4)
    with pytest.raises(UsageError, match="9 x 9"):
        build_model(name, (8, 32, 3), 4)


@pytest.mark.parametrize("name", QUICK)
def test_every_layer_is_that_of_airbench(name):
    norm = [normed(0.6, scale=False, epsilon=1e-5), RELU]
    groups = [
        [plain_conv(n), pool("MaxPooling2D", (2, 2), "valid"), *norm, plain_conv(n), *norm]
        for n in QUICK[name]
    ]
    network = build_model(name, (32, 32, 3), 10)
    assert told_all(network) == [
        *(rescaling(4.0, -2.0), plain_conv(24, 2, padding="valid", trainable=False), RELU),
        *(layer for group in groups for layer in group),
        {"kind": "GlobalMaxPooling2D", "trainable": True},
        dense(10, "linear") | {"use_bias": False, "trainable": True},
        *(rescaling(1 / 9), SOFTMAX | {"trainable": True}),
    ]
    assert (network.name, network.layers[-1].compute_dtype) == (name, "float32")


def test_as_many_pixels_of_the_first_images_are_whitened_at_every_size(monkeypatch):
    monkeypatch.setattr("cifar.quick.IMAGES", 10)
    rng = np.random.default_rng(0)
    for side, count in ((32, 10), (64, 2), (16, 10), (200, 1)):
        images = rng.integers(0, 256, (12, side, side, 3), np.uint8)
        network = build_model("quick", (side, side, 3), 4)
        initialise(network, images)
        wanted = whitening(4 * (images[:count] / 255) - 2)
        np.testing.assert_array_equal(network.get_layer("whitening").get_weights()[0], wanted)


def test_whitening_is_that_of_the_patches_covariance(images):
    pixels = 4 * (images[:20] / 255) - 2
    patches = [
        pixels[n, i : i + 2, j : j + 2].transpose(2, 0, 1).ravel()
        for n in range(20) for i in range(0, 17, 2) for j in range(0, 17, 2)
    ]  # fmt: skip
    covariance = np.mean([np.outer(patch, patch) for patch in patches], axis=0)
    kernel = whitening(pixels)
    assert (kernel.shape, kernel.dtype) == ((2, 2, 3, 24), np.float32)
    flat = kernel[..., :12].transpose(2, 0, 1, 3).reshape(12, 12).astype(float)
    inverse = flat @ flat.T  # of the covariance to whose eigenvalues 0.0005 are added
    np.testing.assert_allclose(inverse @ (covariance + 5e-4 * np.eye(12)), np.eye(12), atol=1e-3)


def test_the_six_keep_their_numbers():
    assert list(DOMAIN.networks)[6:] == ["quick", "strong"]
    assert (train.parse_args(["--setting", "7"]).model, train.parse_args([]).val) == ("strong", 0)
    quick = train.parse_args(["--model", "quick"])
    assert (quick.num_epoch, quick.batch_size) == (12, 500)


@pytest.mark.parametrize(
    ("vendor", "can", "precision"),
    [
        ("AuthenticAMD", "avx2 avx512_bf16", "bfloat16"),
        ("AuthenticAMD", "avx2", "float32"),
        ("GenuineIntel", "avx512_bf16", "float32"),
        ("GenuineIntel", "avx512_bf16 amx_bf16", "bfloat16"),
    ],
)
def test_the_precision_is_the_faster_one(tmp_path, monkeypatch, vendor, can, precision):
    cpuinfo = tmp_path / "cpuinfo"
    core = "processor\t: {}\nvendor_id\t: " + vendor + "\nflags\t\t: fpu " + can + " sse\n\n"
    cpuinfo.write_text(core.format(0) + core.format(1))
    monkeypatch.setattr(machine, "CPUINFO", cpuinfo)
    monkeypatch.setattr(machine, "DEVICES", tmp_path)
    assert train.parse_args(["--model", "quick"]).precision == precision
    assert train.parse_args(["--model", "quick", "--precision", "float32"]).precision == "float32"
    assert train.parse_args([]).precision == "float32"
    (tmp_path / "nvidia3").touch()
    monkeypatch.setattr(machine, "CPUINFO", tmp_path / "none")
    assert train.parse_args(["--model", "quick"]).precision == "bfloat16"


def test_the_first_layer_whitens(images):
    network = build_model("quick", (18, 18, 3), 4)
    initialise(network, images)
    first = keras.Sequential(network.layers[:2])
    seen = np.asarray(first(images[:, :, :] / np.float32(255)))[:, ::2, ::2]
    covariance = np.einsum("nhwi,nhwj->ij", seen, seen) / np.prod(seen.shape[:3])
    half = len(covariance) // 2
    known = network.get_layer("whitening").get_weights()[0]
    assert np.abs(covariance[:half, :half] - np.diag(np.diag(covariance)[:half])).max() < 1e-3
    assert np.all(np.diag(covariance) > 0.5)
    assert np.all(np.diag(covariance) < 1.001)
    np.testing.assert_array_equal(known[..., :half], -known[..., half:])


def test_other_convolutions_begin_by_handing_on(images):
    network = build_model("quick", (18, 18, 3), 4)
    initialise(network, images)
    convolutions = [x for x in network.layers if isinstance(x, keras.layers.Conv2D)][1:]
    for layer in convolutions:
        kernel = layer.get_weights()[0]
        passed = min(kernel.shape[2:])
        wanted = np.zeros((3, 3, kernel.shape[2], passed))
        wanted[1, 1, range(passed), range(passed)] = 1
        np.testing.assert_array_equal(kernel[..., :passed], wanted)
        assert passed == kernel.shape[3] or np.abs(kernel[..., passed:]).max() > 0


def test_every_image_is_mirrored_in_every_other_epoch():
    columns = np.random.default_rng(1).integers(0, 255, (64, 1, 1, 3))
    items = np.broadcast_to(columns + 1 * (np.arange(16) > 7)[:, None], (64, 16, 16, 3))
    layer, found = AlternatingFlip(), []
    for epoch in (1, 2, 3):
        layer.epoch.assign(epoch)
        out = np.asarray(layer(items.astype(np.float32), training=True))
        found.append(out[:, 8, -1, 0] < out[:, 8, 0, 0])
    assert np.array_equal(found[0], ~found[1])
    assert np.array_equal(found[0], found[2])
    np.testing.assert_array_equal(np.asarray(layer(items.astype(np.float32))), items)
    assert layer.trainable_variables == []


def test_mirroring_and_shifting_move_whole_pixels():
    items = np.random.default_rng(1).integers(0, 256, (150, 12, 12, 3)).astype(np.float32)
    out = np.asarray(AlternatingFlip()(items, training=True))
    parities, places = items.sum(axis=(1, 2, 3)) % 2, []
    for item, shifted, flip in zip(items, out, parities, strict=True):
        padded = np.pad(item, ((2, 2), (2, 2), (0, 0)), mode="edge")
        moved = [padded[i : i + 12, j : j + 12] for i in range(5) for j in range(5)]
        moved = [m[:, ::-1] if flip else m for m in moved]
        (place,) = [n for n, m in enumerate(moved) if np.array_equal(m, shifted)]
        places.append(divmod(place, 5))
    assert [set(shifts) for shifts in zip(*places, strict=True)] == [set(range(5))] * 2


def test_the_learning_rate_rises_and_ends_at_0():
    rates = [float(Triangle(0.5, 50)(step)) for step in range(51)]
    assert np.argmax(rates) == 9
    assert rates[9] == pytest.approx(0.5)
    assert rates[50] == 0
    assert np.all(np.diff(rates[10:]) < 0)
    assert min(rates[:50]) > 0
    assert float(Triangle(0.5, 1)(0)) > 0
    assert np.diff(rates[:10]) == pytest.approx(np.full(9, 0.05))
    assert np.diff(rates[10:]) == pytest.approx(np.full(40, -0.5 / 41), rel=1e-4)
    assert float(Triangle(0.5, 50)(60)) == 0
    assert float(Triangle(0.5, 2)(1)) == pytest.approx(0.25)
    assert Triangle(0.5, 50).get_config() == {"peak": 0.5, "steps": 50}


def test_the_optimizers_are_those_of_the_recipes():
    args = train.parse_args(["--model", "quick", "--learning_rate", "0.5"])
    told = nesterov(args, 50, weight_decay=0.1).get_config()
    assert (told["momentum"], told["nesterov"], told["weight_decay"]) == (0.9, True, 0.1)
    recipe = default(DOMAIN)
    other = recipe.optimizer(args, 50)
    assert (type(other).__name__, other.weight_decay) == ("AdamW", 0.004)
    assert [float(other._learning_rate(step)) for step in (9, 50)] == [0.5, 0]
    assert (recipe.flags["learning_rate"], recipe.flags["precision"]) == (0.001, "float32")
    assert recipe.initialise is None


def test_weight_decay_and_smoothed_labels_are_what_they_say():
    args = train.parse_args(["--model", "quick", "--learning_rate", "0.5"])
    weight = keras.Variable(np.full(3, 2.0, np.float32))
    optimizer = nesterov(args, 50, weight_decay=0.1)
    optimizer.build([weight])
    optimizer.apply([np.zeros(3, np.float32)])
    np.testing.assert_allclose(np.asarray(weight), 2 * (1 - 0.1 * 0.05), rtol=1e-6)
    found = float(smoothed_crossentropy(np.array([1]), np.array([[0.25, 0.75]], np.float32))[0])
    assert found == pytest.approx(-0.9 * np.log(0.75) - 0.1 * np.log(0.25), rel=1e-5)


def test_nothing_is_chosen_and_the_last_epoch_is_judged_once(finished, photos, capsys):
    result = json.loads((finished / "result.json").read_text())
    assert (result["counted_epoch"], result["train_items"], result["val_items"]) == ("last", 64, 0)
    assert (result["test_items"], result["validated_on"]) == (16, "nothing")
    assert (result["best_val_acc"], result["convergence_epoch"]) == (None, None)
    assert {(row["val_acc"], row["val_loss"]) for row in rows(finished)} == {("", "")}
    assert float(rows(finished)[-1]["lr"]) == 0
    assert json.loads((finished / "setting.json").read_text())["counted_epoch"] == "last"
    newest = sorted(finished.glob("checkpoint_*.h5"))[-1]
    with h5py.File(newest) as file:
        stored = [file[name][()] for name in sorted(file)]
    for value in weights(finished).values():
        assert any(np.array_equal(value, other) for other in stored)
    predict.main([str(photos / "dark" / "00.png"), "--log_dir", str(finished), "--json"])
    assert set(json.loads(capsys.readouterr().out)["probabilities"]) == {"dark", "bright"}
    assert keras.saving.load_model(finished / "model.keras").count_params() == result["parameters"]


def test_a_run_that_was_stopped_goes_on_to_the_same_weights(
    finished, photos, tmp_path, command, monkeypatch
):
    flags = ["--source", photos, "--model", "quick", *FLAGS, "--log_dir", tmp_path]
    from helmholtz.training import loop

    one_epoch = loop._one_epoch

    def stop(model, labels, parts, epoch, *rest):
        if epoch == 2:
            raise KeyboardInterrupt
        return one_epoch(model, labels, parts, epoch, *rest)

    monkeypatch.setattr(loop, "_one_epoch", stop)
    assert command(train.main, *flags, "--num_epoch", "3")[0] != 0
    monkeypatch.undo()
    code, error = command(train.main, *flags, "--num_epoch", "4", "--resume")
    assert (code, "--num_epoch 3, not 4" in error) == (2, True), error
    assert command(train.main, *flags, "--num_epoch", "3", "--resume")[0] == 0
    assert rows(tmp_path) == rows(finished)
    for name, value in weights(finished).items():
        np.testing.assert_array_equal(value, weights(tmp_path)[name])


def test_held_out_items_are_told_but_choose_nothing(photos, tmp_path):
    flags = ["--source", photos, "--model", "quick", *FLAGS, "--num_epoch", "2", "--val", "0.25"]
    train.main([str(flag) for flag in [*flags, "--log_dir", tmp_path]])
    result = json.loads((tmp_path / "result.json").read_text())
    assert (result["counted_epoch"], result["best_val_acc"]) == ("last", None)
    assert (result["train_items"], result["val_items"], result["test_items"]) == (48, 16, 16)
    assert all(row["val_acc"] for row in rows(tmp_path))


def judged_once(root, **options):
    """The folder of a run as make_run makes it, in which the last epoch counts."""
    folder = make_run(root, **options)
    result = json.loads((folder / "result.json").read_text())
    result |= {
        "counted_epoch": "last",
        "val_items": 0,
        "test_items": 100,
        "validated_on": "nothing",
    }
    nothing = ("best_val_acc", "best_epoch", "mean_of_ten_best", "convergence_epoch")
    (folder / "result.json").write_text(json.dumps(result | dict.fromkeys(nothing)))
    lines = list(csv.reader((folder / "history.csv").read_text().splitlines()))
    lines[1:] = [[*line[:3], "", "", *line[5:]] for line in lines[1:]]
    (folder / "history.csv").write_text("\n".join(map(",".join, lines)) + "\n")
    return folder


def test_the_report_never_mixes_the_protocols(tmp_path, capsys):
    logs_ = tmp_path / "logs"
    for seed in (0, 1, 2):
        judged_once(logs_, rate=0, seed=seed, top=0.8, test_acc=0.9 + seed / 1000)
        judged_once(logs_, rate=25, seed=seed, top=0.8, test_acc=0.895 + seed / 1000)
        make_run(logs_ / "other", rate=0, seed=seed, top=0.7, test_acc=0.65)
    found, _ = logs.read([logs_], tmp_path / "no")
    assert {run.row["state"] for run in found} == {logs.FINISHED}
    made = experiments.experiments([run.row for run in found])
    assert len(made) == 2
    (once,) = (e for e in made if "judged once" in e.key["protocol"])
    base = once.base
    assert (base["accuracy_is"], base["seeds"], base["val_items"]) == (TEST, 3, 100)
    assert base["accuracy"] == pytest.approx(0.901)
    assert (base["converged"], base["best_val_acc"], starred(base)) == (0, None, False)

    report.main([str(logs_), "--out", str(tmp_path / "report")])
    said = capsys.readouterr().out
    assert "0.901" in said
    assert "judged once on the test split, after the last epoch" in said
    report.main([str(tmp_path / "report" / "runs.csv"), "--out", str(tmp_path / "again")])
    first, again = ((tmp_path / n / "curves.csv").read_text() for n in ("report", "again"))
    assert first == again
    answers = [json.loads((tmp_path / n / "summary.json").read_text())["answers"]
               for n in ("report", "again")]  # fmt: skip
    assert answers[0] == answers[1]


def test_a_damaged_result_of_such_a_run_is_told(tmp_path):
    for seed, change in enumerate([{"test_acc": None}, {"test_items": 0}, {"epochs": 3}]):
        folder = judged_once(tmp_path, seed=seed, test_acc=0.9)
        result = json.loads((folder / "result.json").read_text())
        (folder / "result.json").write_text(json.dumps(result | change))
    normal = make_run(tmp_path, seed=7)
    blank = judged_once(tmp_path, seed=8, test_acc=0.9) / "history.csv"
    (normal / "history.csv").write_text(blank.read_text())
    found, _ = logs.read([tmp_path], tmp_path / "no")
    states = [run.row["state"] for run in found]
    assert states == [logs.DAMAGED] * 4 + [logs.FINISHED]
