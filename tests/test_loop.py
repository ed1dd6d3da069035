"""The training loop and the end of a run, on a network of one layer: what is kept and written."""

import json

import numpy as np
import pytest
from small import tiny_model

from cifar import train
from helmholtz import machine
from helmholtz.errors import DataError
from helmholtz.io import predictions, runs
from helmholtz.schema import BEST, LAST
from helmholtz.training import checkpoints, loop, prediction, progress, result

PARTS = {"train": np.arange(37), "val": np.arange(40, 64)}
SETTING = {
    **{"domain": "cifar", "model": "tiny", "codec": "jpeg", "rate": 5, "counted_epoch": LAST},
    "data": {"classes": ["dark", "bright"], "source": "x", "items": 64, "raw_bytes": 4},
    "flags": {"seed": 7, "precision": "float32"},
}


def arguments(**changed):
    args = train.parse_args(["--batch_size", "8", "--num_epoch", "2", "--seed", "7"])
    vars(args).update(changed)
    return args


def row(epoch=1, val_acc=0.5, loss=1.0, val_loss=1.0):
    told = {"epoch": epoch, "acc": 0.5, "loss": loss, "val_acc": val_acc, "val_loss": val_loss}
    return told | {"lr": 0.1, "seconds": 1.5}


def test_the_weights_kept_are_those_of_the_first_best_epoch_or_of_the_last():
    earlier = [row(1, 0.5), row(2, 0.25)]
    assert [loop._to_keep(row(3, v), earlier, BEST, 9) for v in (0.4, 0.5, 0.6)] == [
        False, False, True,
    ]  # fmt: skip
    assert loop._to_keep(row(1, 0.0), [], BEST, 9)
    assert [loop._to_keep(row(n), earlier, LAST, 9) for n in (8, 9)] == [False, True]


def test_a_loss_that_is_no_number_is_refused_in_either_split_and_one_that_is_missing_is_not(
    tmp_path,
):
    loop._require_finite(row(val_loss=None), tmp_path)
    for changed in ({"loss": np.nan}, {"val_loss": np.inf}):
        with pytest.raises(DataError, match="epoch 1"):
            loop._require_finite(row(**changed), tmp_path)


def test_an_old_run_stays_until_an_epoch_has_a_loss(tmp_path):
    (tmp_path / "result.json").write_text("{}")
    history = []
    with pytest.raises(DataError):
        loop._record(tmp_path, {}, history, row(loss=np.nan))
    assert (tmp_path / "result.json").exists()
    loop._record(tmp_path, {"a": 1}, history, row())
    assert not (tmp_path / "result.json").exists()
    (tmp_path / "result.json").write_text("{}")
    loop._record(tmp_path, {"a": 2}, history, row(2))
    assert (tmp_path / "result.json").exists()
    assert json.loads((tmp_path / "setting.json").read_text()) == {"a": 1}
    assert (len(history), len((tmp_path / "history.csv").read_text().splitlines())) == (2, 3)


def test_an_epoch_is_recorded_to_seven_digits_and_needs_room_for_a_checkpoint_and_the_best(
    tmp_path, monkeypatch
):
    asked, seeded, fed = [], [], []
    model, labels = tiny_model()
    real_feed = model.feed
    monkeypatch.setattr(loop, "require_space", lambda *asked_for: asked.append(asked_for))
    monkeypatch.setattr(loop, "seed_layers", lambda _, *draws: seeded.append(draws))
    monkeypatch.setattr(model, "feed", lambda *some: fed.append(some) or real_feed(*some))
    history = loop.fit(model, labels, PARTS, SETTING, tmp_path, arguments())
    variables = [*model.layers[-1].variables, *model.optimizer.variables]
    size = 2 * sum(np.asarray(variable).nbytes for variable in variables)
    assert asked == [(tmp_path, size)] * 2
    assert seeded == [(7, 1), (7, 2)]
    assert [size for *_, size in fed] == [8, model.evaluation_batch] * 2
    order = np.random.default_rng([7, 2]).permutation(PARTS["train"])
    np.testing.assert_array_equal(fed[2][0], order)
    np.testing.assert_array_equal(fed[2][1], labels[order])
    assert [told["epoch"] for told in history] == [1, 2]
    for told in history:
        assert 0 < told["seconds"] == round(told["seconds"], 3) < 60
        assert all(float(f"{value:.7g}") == value for value in told.values())
        assert told["acc"] in [float(f"{n / 37:.7g}") for n in range(38)]
        assert told["val_acc"] in [float(f"{n / 24:.7g}") for n in range(25)]
    # of 5 batches an epoch, the last of which is not whole
    assert history[-1]["lr"] == pytest.approx(0.01 / (1 + 1e-6 * 10), rel=1e-6)
    assert sorted(runs.checkpoints(tmp_path)) == [1, 2]


def test_without_held_out_items_nothing_is_validated(tmp_path):
    model, labels = tiny_model()
    nothing = PARTS | {"val": np.arange(0)}
    history = loop.fit(model, labels, nothing, SETTING, tmp_path, arguments(num_epoch=1))
    assert (history[0]["val_acc"], history[0]["val_loss"]) == (None, None)
    first, second = (np.asarray(value) for value in model.layers[-1].get_weights())
    prediction.load_weights(model.layers[-1], tmp_path / "best.weights.h5")
    for one, other in zip((first, second), model.layers[-1].get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_gpu_that_the_backend_does_not_see_is_told(tmp_path, monkeypatch, capsys):
    (tmp_path / "nvidia0").touch()
    monkeypatch.setattr(machine, "DEVICES", tmp_path)
    monkeypatch.setattr(progress, "gpu", lambda: None)
    for hidden, told in ((None, True), ("0", True), ("", False)):
        monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
        if hidden is not None:
            monkeypatch.setenv("CUDA_VISIBLE_DEVICES", hidden)
        progress.announce(tiny_model()[0], PARTS, tmp_path)
        assert ("has a GPU, which" in capsys.readouterr().err) == told


@pytest.mark.parametrize("counted", [BEST, LAST])
def test_killed_between_a_checkpoint_and_the_weights_that_count_it_keeps_them_when_resumed(
    counted, tmp_path, monkeypatch
):
    order, (model, labels) = [], tiny_model()
    monkeypatch.setattr(loop, "gpu", lambda: "which writes in the background")
    monkeypatch.setattr(loop, "_keep", lambda *_: order.append(sorted(runs.checkpoints(tmp_path))))
    setting, args = SETTING | {"counted_epoch": counted}, arguments(num_epoch=1)
    loop.fit(model, labels, PARTS, setting, tmp_path, args)
    assert order == [[1]]  # once the checkpoint is there
    loop.fit(*tiny_model(), PARTS, setting, tmp_path, arguments(num_epoch=1, resume=True))
    assert order == [[1], [1]]


def test_two_checkpoints_are_kept_and_one_of_another_network_is_passed_over(tmp_path, capsys):
    model, _ = tiny_model()
    for epoch in (1, 2, 3):
        checkpoints.save(tmp_path, [row(n + 1) for n in range(epoch)], [np.full(2, epoch)])
    assert sorted(runs.checkpoints(tmp_path)) == [2, 3]
    assert checkpoints.restore(tmp_path, model.layers[-1].variables) == []
    assert capsys.readouterr().err.count("of another network") == 2


def test_the_newest_checkpoint_sets_every_variable_and_gives_its_history(tmp_path):
    model, _ = tiny_model()
    variables = model.layers[-1].variables
    values = [np.arange(1, 1 + np.prod(v.shape)).reshape(v.shape) / n
              for n, v in enumerate(variables, start=2)]  # fmt: skip
    assert checkpoints.restore(tmp_path, variables) == []
    checkpoints.save(tmp_path, [row(1)], [0 * value for value in values])
    checkpoints.save(tmp_path, [row(1), row(2)], values)
    assert checkpoints.restore(tmp_path, variables) == [row(1), row(2)]
    for variable, value in zip(variables, values, strict=True):
        np.testing.assert_allclose(np.asarray(variable), value)


@pytest.mark.parametrize("background", [True, False])
def test_what_goes_wrong_in_saving_is_raised_at_once_or_in_the_background_at_the_next(
    background, tmp_path, monkeypatch
):
    def full(*_):
        raise OSError("full")

    monkeypatch.setattr(checkpoints, "save", full)
    writer = checkpoints.Writer(tmp_path, background)
    if background:
        writer.save([], [])
    with pytest.raises(OSError, match="full"):
        writer.save([], [])
    writer.__exit__() if not background else writer.pool.shutdown()


@pytest.fixture
def judged(tmp_path, monkeypatch):
    """What result.evaluate writes of a network that was trained for an epoch."""
    monkeypatch.setattr(result, "device", lambda: "an abacus")
    monkeypatch.setattr(prediction.store, "probe_in_subprocess", lambda path: None)

    def judge(parts, setting=SETTING, history=()):
        model, labels = tiny_model()
        history = list(history) or loop.fit(
            model, labels, parts, setting, tmp_path, arguments(num_epoch=1)
        )
        model.prepare_launches(8, False)
        model.layers[-1].save_weights(tmp_path / "best.weights.h5")
        tested = np.arange(24)[::-1]
        args = (model, model.layers[-1], labels, parts, tested, history, setting, tmp_path)
        return result.evaluate(*args), labels, model

    return judge


def test_a_result_says_what_was_trained_validated_and_tested(judged, tmp_path):
    parts = PARTS | {"val": np.arange(37, 40), "test": np.arange(40, 64)}
    history = [row(1, 0.25), row(2, 0.75) | {"seconds": 2.2504}]
    found, labels, model = judged(parts, SETTING | {"counted_epoch": BEST}, history)
    assert found == json.loads((tmp_path / "result.json").read_text())
    truth, said = labels[40:], model.probabilities(parts["test"]).argmax(axis=1)
    assert found.pop("test_acc") == (truth == said).mean()
    names = {"domain": "cifar", "model": "tiny", "codec": "jpeg", "rate": 5, "source": "x"}
    sizes = {"raw_bytes": 4, "file_bytes": None, "scan_bytes": None, "source_bytes": None}
    assert found == names | {
        **{"seed": 7, "parameters": 10, "epochs": 2},
        **{"train_items": 37, "val_items": 3, "test_items": 24},
        **{"validated_on": "held-out training items", "counted_epoch": BEST},
        **{"best_val_acc": 0.75, "best_epoch": 2, "mean_of_ten_best": None},
        **{"convergence_epoch": None, "seconds": 3.75, "items_per_second": 19.7},
        **{"data": sizes | {"items": 64}, "device": "an abacus", "precision": "float32"},
    }
    kept = predictions.read(tmp_path / predictions.FILE)
    np.testing.assert_array_equal(kept.truth, truth[::-1])
    np.testing.assert_array_equal(kept.predicted, said[::-1])
    counts = [[int(((truth == i) & (said == j)).sum()) for j in (0, 1)] for i in (0, 1)]
    lines = [f"{name},{a},{b}" for name, (a, b) in zip(["dark", "bright"], counts, strict=True)]
    assert (tmp_path / "confusion.csv").read_text().splitlines()[1:] == lines


def test_without_a_test_split_or_validation_the_result_says_so(judged):
    found, *_ = judged(PARTS, SETTING | {"counted_epoch": BEST})
    assert (found["validated_on"], found["test_acc"], found["test_items"]) == (
        "test split",
        None,
        0,
    )
    found, *_ = judged(PARTS | {"val": np.arange(0), "test": np.arange(40, 64)})
    assert (found["validated_on"], found["best_val_acc"]) == ("nothing", None)
    assert found["best_epoch"] is found["mean_of_ten_best"] is found["convergence_epoch"] is None
