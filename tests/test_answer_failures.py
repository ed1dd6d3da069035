"""answer.py: runs that fail, data that changed, and what is refused before anything is trained."""

import json
import sys
from argparse import Namespace
from dataclasses import replace
from unittest.mock import Mock

import numpy as np
import pytest
import soundfile
from answers import ITEMS, clock, finish, seeds, trials_of
from PIL import Image

from audio import answer as audio_answer
from helmholtz.answer import page, said, session
from helmholtz.answer.inquiry import Inquiry
from helmholtz.answer.tolerance import Tolerance
from helmholtz.answer.trials import Trial
from helmholtz.answer.work import Work
from helmholtz.domain import get
from helmholtz.errors import DataError, MachineError, UsageError
from helmholtz.sweep import conduct
from helmholtz.sweep.launcher import Launcher


@pytest.fixture
def trials(tmp_path):
    return trials_of(tmp_path)


def test_a_rate_whose_runs_fail_is_left_out(trials):
    seeds(trials, {0: 0.9}, 1)
    inquiry = Inquiry(trials, Tolerance(0.01))
    assert inquiry.wanted()[0] == Trial("jpeg", 50, 0)
    inquiry.without["jpeg", 50] = "training failed"
    assert ("jpeg", 50) not in {trial[:2] for trial in inquiry.wanted()}
    assert "Left out, as training failed: quality 50." in said.notes(inquiry)
    inquiry.without |= dict.fromkeys([("jpeg", 90), ("jpeg", 10)], "training failed")
    assert not [line for line in said.lines(inquiry, clock(), "sample", None) if "Open" in line]


def test_a_run_that_fails_leaves_its_rate_out_and_stops_all_if_it_is_the_baseline(trials):
    told, inquiry = [], Inquiry(trials, Tolerance(0.01))
    args = Namespace(engine="local", gpus=None, per_gpu=1, jobs=1)
    work = Work(inquiry, clock(), None, Namespace(say=told.append), args)
    for trial in (Trial("jpeg", 50, 0), Trial("jpeg", 0, 0)):
        trials.runs[trial][0].state, trials.runs[trial][0].note = "failed", "exit code 4"
    work._check(Trial("jpeg", 50, 0))
    assert inquiry.without == {("jpeg", 50): "training failed"}
    assert told == [
        "quality 50  quick  seed 0 was not trained, and its rate is left out: exit code 4"
    ]
    with pytest.raises(MachineError, match="uncompressed  quick  seed 0 was not trained"):
        work._check(Trial("jpeg", 0, 0))


def test_a_later_run_without_compression_that_fails_keeps_what_is_known(trials):
    rng, hard = np.random.default_rng(1), np.random.default_rng(0).random(ITEMS)
    for rate, accuracy in {0: 0.9, 90: 0.9, 50: 0.893, 10: 0.893}.items():
        for seed in range(3):
            finish(trials, rate, seed, hard < accuracy + 0.004 * rng.standard_normal())
    told, inquiry = [], Inquiry(trials, Tolerance(0.01))
    args = Namespace(engine="local", gpus=None, per_gpu=1, jobs=1)
    work = Work(inquiry, clock(), None, Namespace(say=told.append), args)
    trials.runs[Trial("jpeg", 0, 3)][0].state = "failed"
    assert inquiry.wanted()
    work._check(Trial("jpeg", 0, 3))
    assert "no further seed can be compared" in told[0]
    assert not inquiry.wanted()
    last = said.lines(inquiry, clock(), "sample", None)[-1]
    assert last.endswith("more seeds cannot be compared: the same command tries it again.")


def test_seeds_that_the_baseline_has_are_trained_after_another_of_it_failed(trials):
    hard = np.random.default_rng(0).random(ITEMS)
    seeds(trials, {0: 0.9}, 2)
    inquiry = Inquiry(trials, Tolerance(0.01))
    inquiry.without["jpeg", 0] = "training failed"
    while wanted := inquiry.wanted():
        assert wanted[0].rate
        assert wanted[0].seed < 2
        finish(trials, *wanted[0][1:], hard < 0.9)
        inquiry.look()
    assert inquiry.found["jpeg"][50].seeds == 2


def test_of_a_batch_whose_baseline_finished_in_part_that_part_counts(trials, monkeypatch):
    """As with several runs at a time: seed 1 fails, and seed 0 is there."""
    args = Namespace(engine="local", gpus=None, per_gpu=1, jobs=1)
    batch = [Trial("jpeg", 0, 0), Trial("jpeg", 0, 1)]
    work = Work(Inquiry(trials, Tolerance(0.01)), clock(), Mock(), Mock(), args)

    def conducted(launcher):
        finish(trials, 0, 0, np.ones(ITEMS, bool))
        for trial, state in zip(batch, ("done", "failed"), strict=True):
            trials.runs[trial][0].state = state

    monkeypatch.setattr(Launcher, "conduct", conducted)
    monkeypatch.setattr(Work, "_prepare", lambda *_: None)
    work._train(batch, 1)
    assert list(work.inquiry.base) == [0]


def test_a_rate_of_which_a_seed_failed_is_not_chosen(trials):
    seeds(trials, {0: 0.9, 90: 0.9, 50: 0.9, 10: 0.8}, 3)
    inquiry = Inquiry(trials, Tolerance(0.01))
    assert inquiry.chosen().rate == 50
    inquiry.without["jpeg", 50] = "training failed"
    inquiry.look()
    assert inquiry.chosen().rate == 90
    assert "Left out, as training failed: quality 50." in said.notes(inquiry)
    told = next(rate for rate in page.facts(inquiry, clock())["rates"] if rate["rate"] == 50)
    assert (told["text"], told["seeds"]) == ("left out, as training failed", 0)


def test_a_codec_that_cannot_have_all_items_is_left_out(trials, tmp_path):
    """--skip_bad leaves out, say, what is too wide for WebP, and the test items are others."""
    both = trials_of(tmp_path, ["jpeg", "webp"], [50])
    seeds(both, {0: 0.9, 50: 0.9}, 3)
    for seed in range(3):
        folder = both.runs[Trial("webp", 50, seed)][0].folder
        finish(both, 50, seed, np.ones(ITEMS - 1, bool), folder=folder)
    inquiry = Inquiry(both, Tolerance(0.01))
    assert inquiry.chosen()[:2] == ("jpeg", 50)
    why = "Left out, as the codec cannot compress all of the test items: WebP quality 50."
    assert why in said.notes(inquiry)


@pytest.mark.parametrize(
    ("changed", "says"),
    [({"fingerprint": "b"}, "on other files than"), ({"codec": "old"}, "were made by old, and")],
)
def test_runs_of_other_data_are_not_taken_for_those_of_today(trials, changed, says):
    seeds(trials, {0: 0.9, 50: 0.9}, 2)
    trials.fingerprint = "a"
    for (*_, seed), (run,) in trials.runs.items():
        if (path := run.folder / "setting.json").exists():
            setting = json.loads(path.read_text())
            setting["data"] |= {"fingerprint": "a"} | (changed if seed else {})
            path.write_text(json.dumps(setting))
    with pytest.raises(UsageError, match=f"{says}.*: give another --log_dir."):
        trials.read()


def test_data_that_cannot_be_prepared_end_it_with_what_was_wrong(trials, monkeypatch):
    def fails(some, log):
        log.write("There is no 128 kb/s of sound of 8,000 Hz.\n")
        log.flush()
        sys.exit(2)

    monkeypatch.setattr(conduct, "prepare", fails)
    worker = object.__new__(Work)
    with pytest.raises(UsageError, match="were not prepared:\nThere is no 128 kb/s"):
        worker._prepare(trials.runs[Trial("jpeg", 50, 0)])


def test_rates_that_the_sound_cannot_have_are_refused_before_anything_is_trained(tmp_path, command):
    for name in ("low", "high"):
        (tmp_path / "sounds" / name).mkdir(parents=True)
        for i in range(5):
            samples = np.random.default_rng(i).normal(0, 0.1, 8000)
            soundfile.write(tmp_path / "sounds" / name / f"{i}.wav", samples, 8000)
    flags = ["--source", tmp_path / "sounds", "--data_dir", tmp_path, "--log_dir", tmp_path]
    code, error = command(audio_answer.main, *flags, "--bitrate", "128")
    assert (code, "There is no 128 kb/s of sound of 8,000 Hz" in error) == (2, True)
    assert not list(tmp_path.rglob("*.h5"))


def test_files_that_went_through_less_than_the_grid_are_told(photos, tmp_path, monkeypatch):
    for path in photos.rglob("*.png"):
        place = tmp_path / "low" / path.parent.name / f"{path.stem}.jpg"
        place.parent.mkdir(parents=True, exist_ok=True)
        Image.open(path).save(place, quality=8)
    half = get("cifar")
    monkeypatch.setitem(half.codecs, "jpeg", replace(half.codecs["jpeg"], grid=[50, 25]))
    asked = Namespace(domain="cifar", codec=["jpeg"], quality=None, log_dir=tmp_path)
    asked.model, asked.setting = ["quick"], None
    rest = ["--source", str(tmp_path / "low"), "--data_dir", str(tmp_path)]
    with pytest.raises(UsageError, match=r"JPEG of quality 8.* already, and no rate of the grid"):
        session.trials(half, asked, rest)


@pytest.mark.parametrize(("code", "error"), [(3, DataError), (2, UsageError), (-9, MachineError)])
def test_a_baseline_that_fails_ends_with_its_own_kind_of_error(trials, code, error):
    worker, (run,) = object.__new__(Work), trials.runs[Trial("jpeg", 0, 0)]
    worker.inquiry = Inquiry(trials, Tolerance(0.01))
    run.state, run.code = "failed", code
    with pytest.raises(error, match="was not trained"):
        worker._check(Trial("jpeg", 0, 0))
