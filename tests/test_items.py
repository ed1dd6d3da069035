"""What a report makes of predictions: intervals that cover the items too, and classes that lose."""

import csv
import gzip
import json

import numpy as np
import pytest
from report_runs import make_run
from sklearn.metrics import recall_score

from helmholtz.analysis import experiments, logs, measure, tables
from helmholtz.analysis.answer import answer
from helmholtz.analysis.by_class import LOST, by_class
from helmholtz.analysis.statistics import Score, compare
from helmholtz.io import predictions
from helmholtz.report import __main__ as report
from helmholtz.schema import BY_CLASS, SUMMARY

ITEMS, CLASSES = 600, ("cat", "dog", "eel")
TRUTH = np.arange(ITEMS) % len(CLASSES)
HARD = np.random.default_rng(0).random(ITEMS)  # an item is right where the network is better


def judged(folder, rate=0, seed=0, right=(0.9, 0.9, 0.9), truth=TRUTH):
    """A run that is judged once, which classifies these shares of the classes rightly."""
    noise = np.random.default_rng([rate, seed]).normal(0, 0.02, len(truth))
    wrong = HARD[: len(truth)] + noise >= np.array(right)[truth]
    predicted = np.where(wrong, (truth + 1) % len(CLASSES), truth)
    probabilities = np.eye(len(CLASSES))[predicted]
    accuracy = float((predicted == truth).mean())
    run = make_run(folder, rate, seed, classes=CLASSES, test_acc=accuracy)
    predictions.write(
        run / predictions.FILE, predictions.of(np.arange(len(truth)), truth, probabilities)
    )
    result = json.loads((run / "result.json").read_text())
    result |= dict.fromkeys(("best_val_acc", "best_epoch", "mean_of_ten_best"))
    result |= {"counted_epoch": "last", "test_items": len(truth), "convergence_epoch": None}
    (run / "result.json").write_text(json.dumps(result))
    return run


def experiment_of(folder):
    runs, _ = logs.read([folder], folder / "report")
    assert [run.row["state"] for run in runs] == ["finished"] * len(runs)
    (found,) = experiments.experiments([run.row for run in runs])
    return found


def made(folder):
    report.main([str(folder), "--out", str(folder / "report")])
    return (folder / "report" / "index.html").read_text()


@pytest.fixture
def three_seeds(tmp_path):
    """At quality 25 nothing changes but luck; at quality 5 dogs are recognised less."""
    for seed in range(3):
        judged(tmp_path, 0, seed)
        judged(tmp_path, 25, seed)
        judged(tmp_path, 5, seed, (0.9, 0.6, 0.9))
    return tmp_path


def test_an_accuracy_and_a_difference_have_both_intervals(three_seeds):
    made(three_seeds)
    base, high, low = sorted(
        tables.read(three_seeds / "report" / "summary.csv", SUMMARY),
        key=lambda row: -experiments.rate_order(row["rate"]),
    )
    for name in ("accuracy", "test_acc"):
        seeds, items = (base[f"{name}_high{e}"] - base[f"{name}_low{e}"] for e in ("", "_items"))
        assert 0 < seeds < items
        assert items == pytest.approx(2 * 1.96 * np.sqrt(0.9 * 0.1 / ITEMS), rel=0.25)
    assert base["difference_low_items"] is None
    for name in ("difference", "test_difference"):
        assert high[f"{name}_low_items"] < 0 < high[f"{name}_high_items"]
        assert low[f"{name}_high_items"] < -0.05
    assert "convergence_epoch_low_items" not in base


def test_the_answer_is_judged_over_seeds_and_items_and_says_so(three_seeds):
    found = answer(experiment_of(three_seeds), 0.01)
    assert "variation of seeds and items" in found["sentence"]
    assert ("low_items" in found["rates"][1]["margin"], found["rate"]) == (True, 25)
    page = made(three_seeds)
    assert "over seeds and items, so they hold for other seeds and other items" in page
    assert "over seeds alone" in page


def test_a_verdict_rests_on_the_wider_interval_where_there_is_one():
    margin = {"mean": 0.01, "low": 0.005, "high": 0.015, "low_items": None, "high_items": None}
    assert measure.verdict(margin) == measure.YES
    margin |= {"low_items": -0.01, "high_items": 0.03}
    assert measure.verdict(margin) == measure.PROBABLY
    assert measure.verdict(margin | {"low": None, "high": None}) == measure.ALONE
    margin |= {"mean": -0.01, "low": -0.015, "high": -0.005, "low_items": -0.03, "high_items": 0.01}
    assert measure.verdict(margin) == measure.UNSURE


def test_one_seed_has_an_interval_over_items_alone_and_says_so(tmp_path):
    judged(tmp_path, 0), judged(tmp_path, 25)
    found = answer(experiment_of(tmp_path), 0.01)
    said = "too few for an interval over seeds, and this one is over items alone"
    assert said in found["sentence"]
    assert found["rates"][1]["verdict"] == "no interval"
    assert "of a single seed over items alone" in made(tmp_path)


def test_without_predictions_of_every_run_on_the_same_items_the_seeds_are_all_there_is(tmp_path):
    for seed in range(2):
        judged(tmp_path, 0, seed)
        judged(tmp_path, 25, seed)
    (tmp_path / "cifar/sample/all-cnns/quality_25/seed_1" / predictions.FILE).unlink()
    found = experiment_of(tmp_path)
    assert found.rows[0]["accuracy_low_items"] is not None
    assert found.rows[25]["accuracy_low_items"] is None
    assert found.rows[25]["difference_low_items"] is None
    assert "ruled out at 95 %, for" not in answer(found, 0.01)["sentence"]
    judged(tmp_path, 25, 1, truth=TRUTH[::-1])
    assert experiment_of(tmp_path).rows[25]["difference_low_items"] is None


@pytest.mark.parametrize("damage", ["cut", "another accuracy"])
def test_predictions_that_are_damaged_are_not_counted(tmp_path, damage):
    run = judged(tmp_path)
    text = (run / predictions.FILE).read_text()
    changed = text[:-30] if damage == "cut" else "\n".join(text.splitlines()[:500]) + "\n"
    (run / predictions.FILE).write_text(changed)
    (found,), _ = logs.read([tmp_path], tmp_path / "report")
    assert (found.row["state"], predictions.FILE in found.row["note"]) == ("damaged", True)


def test_the_class_that_loses_is_found_and_no_other(three_seeds):
    page = made(three_seeds)
    rows = tables.read(three_seeds / "report" / "by_class.csv", BY_CLASS)
    assert len(rows) == 2 * len(CLASSES)
    assert [(r["class"], r["rate"]) for r in rows if r["verdict"] == LOST] == [("dog", 5)]
    (lost,) = (row for row in rows if row["verdict"] == LOST)
    assert lost["difference_high"] < 0
    assert lost["p"] < lost["p_holm"] < 0.05
    kept = [
        predictions.read(run / predictions.FILE)
        for run in (three_seeds / "cifar/sample/all-cnns/quality_5").iterdir()
    ]
    recalls = [recall_score(some.truth, some.predicted, average=None)[1] for some in kept]
    assert lost["recall"] == pytest.approx(np.mean(recalls))
    assert "1 of 3 classes shows a loss" in page
    assert list((three_seeds / "report" / "figures").glob("*classes.svg"))


def test_intervals_of_classes_hold_all_together(three_seeds):
    """Of six that are wrong 5 in 600 times each, one or more is wrong 5 in 100 times at most."""
    found = experiment_of(three_seeds)

    def recalls(rate, label):
        right = [run["predictions"].correct[label == TRUTH] for run in found.runs[rate]]
        return [Score(seed, some.mean(), some) for seed, some in enumerate(right)]

    rows = by_class(found)["by_class"]
    assert len(rows) == 6
    for row in rows:
        label = CLASSES.index(row["class"])
        _, _, both, _ = compare(recalls(row["rate"], label), recalls(0, label))
        ends = row["difference_low"], row["difference_high"]
        assert ends == pytest.approx(both.ends(1 - 0.05 / 6))
        assert ends[0] < both.ends()[0] < both.ends()[1] < ends[1]


def test_the_first_losses_come_from_the_highest_rate_on_and_then_by_size(tmp_path):
    for seed in range(3):
        judged(tmp_path, 0, seed)
        judged(tmp_path, 25, seed, (0.7, 0.9, 0.4))  # a cat loses less than an eel
        judged(tmp_path, 5, seed, (0.2, 0.1, 0.2))  # a dog, who loses last, most of all
    found = by_class(experiment_of(tmp_path))["losses"]
    assert [(row["class"], row["rate"]) for row in found] == [("eel", 25), ("cat", 25), ("dog", 5)]


def test_luck_is_no_loss_and_one_seed_shows_none(tmp_path):
    for seed in range(3):
        for rate in (0, 50, 25, 10):
            judged(tmp_path, rate, seed)
    assert by_class(experiment_of(tmp_path))["losses"] == []
    assert "None of 3 classes show a loss" in made(tmp_path)
    judged(tmp_path / "one", 0), judged(tmp_path / "one", 5, right=(0.9, 0.2, 0.9))
    found = by_class(experiment_of(tmp_path / "one"))
    assert min(row["p_holm"] for row in found["by_class"]) < 0.001
    assert found["losses"] == []


def test_a_report_of_an_earlier_table_has_the_seeds_alone(three_seeds, tmp_path):
    made(three_seeds)
    again = tmp_path / "again"
    report.main([str(three_seeds / "report" / "runs.csv"), "--out", str(again)])
    with (again / "summary.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert {row["accuracy_low_items"] for row in rows} == {""}
    assert "" not in {row["accuracy_low"] for row in rows}


def test_classes_may_be_called_none_when_a_report_is_made_of_its_tables(tmp_path, monkeypatch):
    monkeypatch.setitem(globals(), "CLASSES", ("None", "NA", "nan"))
    for seed in range(2):
        judged(tmp_path / "logs", 0, seed)
    report.main([str(tmp_path / "logs"), "--predictions", "--out", str(tmp_path / "kept")])
    report.main([str(tmp_path / "kept"), "--predictions", "--out", str(tmp_path / "again")])
    kept, again = (tmp_path / name / "predictions.csv.gz" for name in ("kept", "again"))
    assert ",NA," in gzip.decompress(kept.read_bytes()).decode()
    assert gzip.decompress(again.read_bytes()) == gzip.decompress(kept.read_bytes())


def test_seeds_that_happen_to_agree_do_not_make_a_test_accuracy_certain(tmp_path):
    for seed in range(3):
        for rate in (0, 25):
            folder = judged(tmp_path, rate, seed, (2, 2, 2))
            if rate == 25:
                (folder / predictions.FILE).unlink()
    row = experiment_of(tmp_path).rows[25]
    assert row["test_acc"] == 1
    assert row["test_acc_low"] == row["accuracy_low"] < 1
    assert row["test_difference_low"] < 0 < row["test_difference_high"]
