"""answer.py: what it says of runs that are there, its budget, and the whole command."""

import json
import signal
import subprocess
import sys
import time
from argparse import ArgumentTypeError, Namespace
from pathlib import Path

import numpy as np
import pytest
from answers import ITEMS, clock, finish, seeds, trials_of

from audio import answer as audio_answer
from cifar import answer as cifar_answer
from helmholtz.analysis import logs
from helmholtz.answer import few_items, page, said, session, sizes, tolerance
from helmholtz.answer.clock import Clock, OutOfTime
from helmholtz.answer.inquiry import Inquiry
from helmholtz.answer.journal import Journal
from helmholtz.answer.tolerance import Tolerance
from helmholtz.answer.trials import Trial, Trials
from helmholtz.answer.view import View
from helmholtz.answer.work import Work
from helmholtz.domain import get
from helmholtz.errors import OPEN, UsageError


def test_a_tolerance_is_a_share_or_points():
    assert tolerance.parse("0.01") == tolerance.parse("1%") == Tolerance(0.01)
    assert tolerance.parse("0.5points") == Tolerance(points=0.005)
    assert str(Tolerance(0.01)) == "1 % of the accuracy"
    assert str(Tolerance(points=0.005)) == "0.5 points of accuracy"
    assert Tolerance(0.01).loss(0.5) == 0.005
    assert Tolerance(points=0.02).loss(0.5) == 0.02
    for text in ("", "1", "-0.1", "100%", "x"):
        with pytest.raises(ArgumentTypeError, match="not a tolerance"):
            tolerance.parse(text)


def test_points_and_shares_give_the_margin_of_the_same_loss():
    here, there = np.array([1, 0, 1, 1]), np.array([1, 1, 1, 1])
    assert Tolerance(points=0.25).margin(here, there).mean() == pytest.approx(0)
    assert Tolerance(0.25).margin(here, there).mean() == pytest.approx(0)


def test_a_recipe_fits_few_items_and_stays_as_it_is_for_many():
    recipe = {"batch_size": 500, "num_epoch": 12, "learning_rate": 0.35}
    assert few_items.fitted(recipe, 50_000) == {}
    few = few_items.fitted(recipe, 48)
    assert few["batch_size"] == 16
    assert few["num_epoch"] * 48 / 16 >= few_items.STEPS
    assert few["learning_rate"] == pytest.approx(0.35 * np.sqrt(16 / 500), abs=1e-3)


@pytest.fixture
def trials(tmp_path):
    return trials_of(tmp_path)


def test_the_answer_is_the_safe_rate_with_the_fewest_bits(trials):
    seeds(trials, {0: 0.9, 90: 0.9, 50: 0.9, 10: 0.8}, 3)
    inquiry = Inquiry(trials, Tolerance(0.01))
    assert [v.said for v in inquiry.verdicts] == ["safe", "safe", "harmful"]
    assert inquiry.chosen()[:2] == ("jpeg", 50)
    assert inquiry.answered()
    assert not inquiry.wanted()
    choice, cost, harmful = said.lines(inquiry, clock(), "sample", None)
    assert choice == "Choose quality 50: 1,100 bytes in place of 3,672 for every image (-70%)."
    assert cost.startswith("Accuracy changes by +0.0 points (")
    assert "3 seeds" in cost
    assert "a loss of more than 1 % of the accuracy is ruled out at 95 %" in cost
    assert harmful.startswith("Harmful: quality 10 (-10.")


def test_files_of_a_folder_are_compressed_as_they_are(photos, tmp_path):
    asked = Namespace(domain="cifar", codec=["jpeg"], quality=[50], log_dir=tmp_path)
    asked.model, asked.setting = ["quick"], None
    rest = ["--source", str(photos), "--size", "16", "--data_dir", str(tmp_path / "data")]
    found, _ = session.trials(get("cifar"), asked, rest)
    assert {run.args.full_size for some in found.runs.values() for run in some} == {True}
    assert found.source.endswith("-16px-full")
    (tmp_path / "data_batch_1").touch()  # of CIFAR-10, whose images have one size
    for half, source in (("cifar", "sample"), ("cifar", tmp_path), ("audio", photos)):
        assert get(half).as_they_are(str(source)) == []


def test_a_folder_gets_its_size_and_the_command_that_exports_it(trials, photos):
    seeds(trials, {0: 0.9, 90: 0.9, 50: 0.9, 10: 0.8}, 3)
    inquiry, half = Inquiry(trials, Tolerance(0.01)), get("cifar")
    size = sizes.estimated(photos, half, half.codecs["jpeg"], 50)
    assert size[0] == sum(path.stat().st_size for path in photos.rglob("*.png")) > size[1]
    first, *_, last = said.lines(inquiry, clock(), str(photos), size)
    assert first.startswith("Choose quality 50: the files take ")
    line = f"python -m helmholtz.export {photos} {photos}-quality_50 --codec jpeg --quality 50"
    assert last == line
    trials.baseline.args.mono = True  # of sounds
    assert said.lines(inquiry, clock(), str(photos), size)[-1] == f"{line} --mono"


def test_a_folder_without_files_to_export_gets_no_size_and_no_command(trials, tmp_path):
    """As of the unpacked archive of CIFAR-10."""
    seeds(trials, {0: 0.9, 90: 0.9, 50: 0.9, 10: 0.8}, 3)
    inquiry, half = Inquiry(trials, Tolerance(0.01)), get("cifar")
    (tmp_path / "unpacked").mkdir()
    (tmp_path / "unpacked" / "data_batch_1").touch()
    size = sizes.estimated(tmp_path / "unpacked", half, half.codecs["jpeg"], 50)
    assert size is None
    told = said.lines(inquiry, clock(), str(tmp_path / "unpacked"), size)
    assert "helmholtz.export" not in "".join(told)


def test_a_folder_that_would_not_become_smaller_is_said_to_save_nothing(trials):
    seeds(trials, {0: 0.9, 90: 0.9, 50: 0.9, 10: 0.8}, 3)
    inquiry = Inquiry(trials, Tolerance(0.01))
    assert page.facts(inquiry, clock())["answered"]
    told = said.lines(inquiry, clock(), "photos", (2_000_000, 2_100_000))
    assert told[0] == (
        "Keep the files as they are: they take 2.0 MB, and at quality 50, the smallest that is "
        "safe, would take about 2.1 MB."
    )
    assert "helmholtz.export" not in "".join(told)


def test_several_codecs_share_the_probability_of_a_wrong_decision(trials, tmp_path):
    seeds(trials, {0: 0.9, 50: 0.9}, 3)
    both = trials_of(tmp_path, ["jpeg", "webp"])
    halves = [Inquiry(t, Tolerance(0.01)).found["jpeg"][50].half for t in (trials, both)]
    assert halves[0] < 0.95 * halves[1]


def test_the_variance_between_seeds_is_that_of_all_codecs_together(tmp_path):
    trials = trials_of(tmp_path, ["jpeg", "webp"], [50])
    seeds(trials, {0: 0.9, 50: 0.9}, 2)
    assert np.isinf(Inquiry(trials, Tolerance(0.01)).found["jpeg"][50].half)
    for seed in range(2):
        folder = trials.runs[Trial("webp", 50, seed)][0].folder
        finish(trials, 50, seed, np.arange(ITEMS) % 10 > seed, folder=folder)
    assert np.isfinite(Inquiry(trials, Tolerance(0.01)).found["jpeg"][50].half)


def test_what_is_open_comes_with_the_budget_that_would_settle_it(trials):
    rng, hard = np.random.default_rng(1), np.random.default_rng(0).random(ITEMS)
    for rate, accuracy in {0: 0.9, 50: 0.893}.items():
        for seed in range(3):
            finish(trials, rate, seed, hard < accuracy + 0.004 * rng.standard_normal())
    inquiry = Inquiry(trials, Tolerance(0.01))
    assert not inquiry.answered()
    assert inquiry.wanted()
    first, second, open_ = said.lines(inquiry, clock(), "sample", None)
    assert first == "No answer yet: no rate is known to be safe."
    assert second.startswith("Accuracy 0.9")
    assert open_.startswith("Open: quality 90 to 10; about ")
    assert "give --budget " in open_


def test_without_a_rate_that_does_no_harm_the_answer_is_to_stay(trials):
    seeds(trials, {0: 0.9, 90: 0.7, 50: 0.6, 10: 0.5}, 3)
    inquiry = Inquiry(trials, Tolerance(0.01))
    assert inquiry.answered()
    assert not inquiry.chosen()
    assert said.lines(inquiry, clock(), "sample", None)[0].startswith("Stay uncompressed")


def test_a_network_that_guesses_gets_no_answer_and_no_more_runs(trials):
    finish(trials, 0, 0, np.random.default_rng(0).random(ITEMS) < 0.1)
    inquiry = Inquiry(trials, Tolerance(0.01))
    assert not inquiry.learned()
    assert inquiry.wanted() == []
    assert json.loads(json.dumps(page.facts(inquiry, clock())))["answered"] is False
    (only,) = said.lines(inquiry, clock(), "sample", None)
    assert only.startswith("No answer: without compression the network classifies 10")
    assert "may be guessing" in only


def test_the_budget_that_is_asked_for_is_more_than_what_was_used(trials):
    late = clock(budget=60.0)
    late.go_on(1680.0, [])
    (only,) = said.lines(Inquiry(trials, Tolerance(0.01)), late, "sample", None)
    assert "give --budget 33m or more" in only


def test_what_finished_before_the_time_was_over_counts(trials, monkeypatch):
    inquiry = Inquiry(trials, Tolerance(0.01))
    args = Namespace(engine="local", gpus=None, per_gpu=1, jobs=1)
    work = Work(inquiry, clock(), Namespace(pending=lambda found: []), None, args)

    def trained(batch, turns):
        seeds(trials, {0: 0.9}, 1)
        raise OutOfTime

    monkeypatch.setattr(work, "_train", trained)
    work.conduct()
    assert inquiry.accuracy == pytest.approx(0.9, abs=0.02)


def test_a_page_that_is_left_says_that_it_stopped(trials):
    seeds(trials, {0: 0.9}, 1)
    with journal(trials) as kept:
        view = View(Inquiry(trials, Tolerance(0.01)), clock(), kept, False)
        view._keep(running=True)
        written = kept.folder / "index.html"
        assert "Still running" in written.read_text()
        view.close()
        assert "Still running" not in written.read_text()
        assert "Stopped before the end" in written.read_text()


def test_a_trial_of_folds_is_known_when_all_of_them_are(tmp_path, photos):
    asked = Namespace(domain="cifar", codec=["jpeg"], quality=[50], log_dir=tmp_path)
    asked.model, asked.setting = ["quick"], None
    trials = Trials(asked, ["--source", str(photos)], 2, (1, 2, 3, 4, 5))
    some = trials.runs[Trial("jpeg", 50, 0)]
    assert [run.source for run in some] == [f"{trials.source}-fold{n}" for n in range(1, 6)]
    for number, run in enumerate(some):
        trials.read()
        assert not trials.correct("jpeg", 50)
        finish(trials, 50, 0, np.arange(4) < number, folder=run.folder)
    trials.read()
    assert trials.correct("jpeg", 50)[0].sum() == 0 + 1 + 2 + 3 + 4


def test_rates_above_the_one_that_the_files_went_through_are_left_out(trials):
    trials.leave_out_above("jpeg", 50)
    assert trials.orders() == {"jpeg": [50, 10]}
    trials.leave_out_above("", 0)
    trials.leave_out_above("webp", 20)
    assert trials.orders() == {"jpeg": [50, 10]}


def test_an_interval_ends_where_accuracy_does(trials):
    for rate, accuracies in {0: (0.5, 0.9), 50: (0.9, 0.4)}.items():
        for seed, accuracy in enumerate(accuracies):
            finish(trials, rate, seed, np.arange(100) < 100 * accuracy)
    finish(trials, 90, 0, np.arange(100) < 90)
    finish(trials, 90, 1, np.arange(100) < 40)
    inquiry = Inquiry(trials, Tolerance(0.01))
    verdict = next(v for v in inquiry.verdicts if v.rate == 50)
    assert verdict.margin.high - verdict.margin.low > 1
    assert inquiry.difference(verdict)[1:] == pytest.approx((-0.7, 0.3))


def test_of_several_codecs_the_smallest_files_are_chosen(trials, tmp_path):
    both = trials_of(tmp_path, ["jpeg", "webp"], [50])
    seeds(both, {0: 0.9, 50: 0.9}, 3)
    for seed in range(3):
        finish(both, 50, seed, both.correct("jpeg", 50).get(seed, np.ones(ITEMS, bool)),
               folder=both.runs[Trial("webp", 50, seed)][0].folder)  # fmt: skip
        path = both.runs[Trial("webp", 50, seed)][0].folder / "setting.json"
        setting = json.loads(path.read_text())
        setting["data"] |= {"scan_bytes": 90_000, "file_bytes": 91_000}  # more, without headers
        path.write_text(json.dumps(setting))
    assert Inquiry(both, Tolerance(0.01)).chosen()[:2] == ("webp", 50)


def test_a_network_that_hardly_learned_gets_no_answer(trials):
    """As in the report: it is better than guessing, and says nothing of compression."""
    seeds(trials, {0: 0.133, 90: 0.133, 50: 0.13, 10: 0.1}, 3)
    inquiry = Inquiry(trials, Tolerance(points=0.05))
    assert not inquiry.learned()
    assert said.lines(inquiry, clock(), "sample", None)[0].startswith("No answer: without")


def test_a_test_split_that_chooses_the_epoch_is_told(trials):
    args = Namespace(**vars(trials.baseline.args) | {"model": "all-cnns"})
    assert session._chooser(get("cifar"), args) == (
        "The test split chooses the best epoch, too: add --val 0.2."
    )
    assert session._chooser(get("audio"), Namespace(model="cnn_x3_mlp_0", val=None)) == ""
    assert session._chooser(get("cifar"), Namespace(model="all-cnns", val=0.2)) == ""
    assert session._chooser(get("cifar"), trials.baseline.args) == ""


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        (["--quality", "0"], "Rate 0 is always trained"),
        (["--quality", "5", "--seed", "3"], "answer.py decides on --seed itself"),
        (["--train_dir=x"], "answer.py decides on --train_dir itself"),
        (["--budget", "soon"], "'soon' is not a duration"),
        (["--tolerance", "2"], "'2' is not a tolerance"),
        (["--codec", "mp3"], "invalid choice"),
        (["--source", "sample", "--nonsense"], "unrecognized arguments: --nonsense"),
    ],
)
def test_wrong_flags_are_refused_in_a_sentence(command, flags, says):
    code, error = command(cifar_answer.main, *flags)
    assert code == 2
    assert says in error
    assert error.count("\n") == 1


def test_there_is_no_answer_without_data(command, tmp_path):
    code, error = command(audio_answer.main, "--source", tmp_path / "none")
    assert code == 3
    assert "does not exist" in error


def test_a_wrong_network_is_told_before_anything_is_prepared(command, photos, tmp_path):
    (tmp_path / "wrong.py").write_text("def build(shape, classes):\n    return 1\n")
    flags = ["--source", photos, "--data_dir", tmp_path / "data", "--log_dir", tmp_path / "logs"]
    code, error = command(cifar_answer.main, *flags, "--model", f"{tmp_path / 'wrong.py'}:build")
    assert (code, "it must return a Keras model" in error) == (2, True)
    assert not list((tmp_path / "data").rglob("*.h5"))


TINY = """
import keras

def build(shape, classes):
    layers = [keras.Input(shape), keras.layers.AveragePooling2D(4), keras.layers.Flatten()]
    return keras.Sequential([*layers, keras.layers.Dense(classes, activation="softmax")])
"""


def test_killed_and_asked_again_it_ends_with_an_answer_and_trains_nothing_twice(tmp_path):
    (tmp_path / "tiny.py").write_text(TINY)
    flags = ["--source", "sample", "--limit", "500", "--log_dir", tmp_path / "logs"]
    flags += ["--model", f"{tmp_path / 'tiny.py'}:build", "--num_epoch", "9", "--batch_size", "20"]
    flags += ["--quality", "90", "--tolerance", "20%", "--budget", "10m", "--jobs", "2", "--json"]
    line = [sys.executable, "-m", "cifar.answer", *map(str, flags)]
    first = subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    until = time.monotonic() + 120
    while not list(tmp_path.rglob("result.json")) and time.monotonic() < until:
        time.sleep(0.1)
    first.send_signal(signal.SIGKILL)
    first.communicate()
    done = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("result.json")}
    assert done
    again = subprocess.run(line, capture_output=True, text=True)
    told = json.loads(again.stdout)
    assert (again.returncode, told["answered"], told["rate"]) == (0, True, 90), again.stderr
    assert {path: path.stat().st_mtime_ns for path in done} == done
    shown = next(Path(tmp_path).rglob("index.html")).read_text()
    assert "Choose quality 90" in shown
    assert "<svg" in shown
    assert "http-equiv" not in shown
    third = subprocess.run(line, capture_output=True, text=True)
    assert json.loads(third.stdout)["lines"] == told["lines"]
    assert "test accuracy" not in third.stderr


def journal(trials, budget=600.0):
    args = Namespace(log_dir=trials.baseline.folder.parents[5], tolerance=Tolerance(0.01))
    return Journal(trials, args, Clock(budget))


def test_a_question_goes_on_with_the_time_that_it_used_and_what_was_running(trials):
    with journal(trials) as first:
        first.clock.go_on(100, [30.0])
        first.note([Trial("jpeg", 50, 0), Trial("jpeg", 10, 0)])
    with journal(trials, 900) as again:
        assert again.clock.used == pytest.approx(100, abs=2)
        assert again.clock.expected == pytest.approx(1.05 * 30)
        assert again.pending({Trial("jpeg", 10, 0): None}) == [Trial("jpeg", 50, 0)]


@pytest.mark.parametrize("damage", ["", "[]", '{"pending": 5}', '"x"', "QUESTION"])
def test_a_damaged_answer_json_is_made_anew(trials, damage):
    with journal(trials) as first:
        first.note([Trial("jpeg", 50, 0)])
    question = json.dumps({"question": first.known["question"], "used_seconds": [], "pending": 3})
    (first.folder / "answer.json").write_text(damage.replace("QUESTION", question))
    with journal(trials) as again:
        assert again.pending({}) == []
        assert again.clock.used < 5


def test_the_same_question_twice_at_once_is_refused(trials):
    with journal(trials), pytest.raises(UsageError, match="Another process is already answering"):
        journal(trials).__enter__()


def test_only_recipes_that_end_with_their_last_epoch_are_fitted_to_few_items(trials):
    args = trials.baseline.args
    words, told = session._recipe(get("cifar"), args, 1000, [])
    assert words[:2] == ["--batch_size", "32"]
    assert told.startswith("Recipe for 1,000 items: --batch_size 32 --num_epoch ")
    given = ["--num_epoch=5", "--learning_rate", "0.2"]
    assert session._recipe(get("cifar"), args, 1000, given)[0] == ["--batch_size", "32"]
    limited = Namespace(**vars(args) | {"limit": 100})
    assert session._recipe(get("cifar"), limited, 1000, [])[0][:2] == ["--batch_size", "16"]
    published = Namespace(**vars(args) | {"model": "all-cnns"})
    assert session._recipe(get("cifar"), published, 1000, []) == ([], "")


def test_a_budget_that_is_too_small_is_kept_and_said(tmp_path):
    (tmp_path / "tiny.py").write_text(TINY)
    line = [sys.executable, "-m", "cifar.answer", "--source", "sample", "--limit", "500"]
    line += ["--log_dir", str(tmp_path), "--model", f"{tmp_path / 'tiny.py'}:build"]
    line += ["--num_epoch", "100000", "--budget", "20s", "--json"]
    done = subprocess.run(line, capture_output=True, text=True)
    told = json.loads(done.stdout)
    assert (done.returncode, told["answered"]) == (OPEN, False), done.stderr
    assert told["lines"][0].startswith("No answer yet: ")
    kept = json.loads(next(tmp_path.rglob("answer.json")).read_text())
    assert kept["pending"][0] == ["jpeg", 0, 0]
    assert not list(tmp_path.rglob("result.json"))


def test_the_report_does_not_list_the_files_of_an_answer(tmp_path):
    folder = tmp_path / "answer" / "cifar-sample-quick"
    folder.mkdir(parents=True)
    for name in ("answer.json", "index.html", "rates.svg", "rates.png"):
        (folder / name).write_text("{}")
    assert logs.read([tmp_path], tmp_path / "report") == ([], [])
