"""Trained on what, tested on what: the matrix, its sentence, its table and its figures."""

import gzip
import html
import json
import re
import shutil

import numpy as np
import pandas as pd
import pytest
from report_runs import make_run

from helmholtz.analysis import experiments, kept, tables, transfer
from helmholtz.analysis import logs as logs_module
from helmholtz.errors import DataError
from helmholtz.io import evaluations, predictions
from helmholtz.io.predictions import Predictions
from helmholtz.report import __main__ as report
from helmholtz.schema import BY_CLASS, MATRIX, SUMMARY

RATES = [0, 50, 25, 10, 5]
ITEMS = 1000
ACCURACY = {  # trained at, tested at
    0: [0.8, 0.795, 0.6, 0.4, 0.8],  # the last one is luck: it does not hold at every rate above
    50: [0.79, 0.79, 0.7, 0.6, 0.5],
    25: [0.75, 0.75, 0.75, 0.748, 0.5],
    10: [0.6, 0.6, 0.65, 0.7, 0.6],
}


def judged(accuracy, items=ITEMS):
    """Predictions with this share of them right."""
    item = np.arange(items)
    wrong = item >= round(accuracy * items)
    return Predictions(item, item % 2, (item + wrong) % 2, 0.5 + 0.4 * ~wrong)


def judged_run(root, rate, seed, accuracies, **options):
    """A run with an evaluation; accuracies: by (codec, rate)."""
    folder = make_run(root, rate, seed, top=0.8, **options)
    for (codec, other), accuracy in accuracies.items():
        evaluations.add(folder, codec, other, judged(accuracy))
    return folder


@pytest.fixture(scope="module")
def logs(tmp_path_factory):
    root = tmp_path_factory.mktemp("tested")
    for rate, row in ACCURACY.items():
        for seed in range(3):
            cells = {("jpeg", r): a + 0.001 * seed for r, a in zip(RATES, row, strict=True)}
            judged_run(root, rate, seed, cells)
    judged_run(root, 5, 0, {("jpeg", 5): 0.6})
    damaged = make_run(root, 100, 0)
    (damaged / "evaluation.csv").write_text("codec,rate,items,accuracy\njpeg,100,0,2\n")
    return root


@pytest.fixture(scope="module")
def reported(logs):
    out = logs.parent / "reported"
    report.main([str(logs), "--out", str(out), "--tolerance", "0.02"])
    return out


def answer(out):
    (found,) = json.loads((out / "summary.json").read_text())["answers"]
    return found


def test_the_sentence_says_how_far_networks_hold(reported):
    assert answer(reported)["transfer"] == (
        "Trained at quality 25 it holds down to quality 10 (-0.2 points, -0.5 to +0.1); "
        "trained uncompressed only down to quality 50 (-0.5 points, -0.9 to -0.1). "
        "The test split chose the epoch at the rate of the training, which favours that rate."
    )


def test_the_table_has_every_cell_with_its_interval_and_its_loss(reported):
    table = pd.read_csv(reported / "matrix.csv")
    assert list(table) == list(MATRIX)
    assert len(table) == 21
    for row in table[table.rate != 5].to_dict("records"):
        mean = ACCURACY[row["rate"]][RATES.index(row["tested_rate"])] + 0.001
        own = ACCURACY[row["rate"]][RATES.index(row["rate"])] + 0.001
        assert row["accuracy"] == pytest.approx(mean)
        assert row["difference"] == pytest.approx(mean - own)
        assert row["accuracy_low"] < mean < row["accuracy_high"]
        assert (row["seeds"], row["items"]) == (3, ITEMS)
    assert set(table[table.rate == table.tested_rate].verdict) == {"within"}


def test_the_page_shows_it_once_with_the_diagonal_marked(reported):
    page = (reported / "index.html").read_text()
    assert page.count("Trained on what, tested on what: all-cnns") == 1
    assert answer(reported)["transfer"] in html.unescape(page)
    assert len(re.findall(r"<td><strong>0\.\d{3}", page)) == 5
    assert len(list((reported / "figures").glob("*-all-cnns-jpeg_*"))) == 4


@pytest.mark.parametrize("given", ["", "runs.csv"])
def test_an_earlier_report_keeps_its_matrix(given, reported, tmp_path):
    report.main([str(reported / given), "--out", str(tmp_path / "again")])
    again = tmp_path / "again"
    assert (again / "matrix.csv").read_bytes() == (reported / "matrix.csv").read_bytes()
    assert answer(again)["transfer"] == answer(reported)["transfer"]
    assert "Trained on what, tested on what: all-cnns" in (again / "index.html").read_text()


def test_a_damaged_evaluation_is_noted_and_the_others_are_not_foreign(reported):
    rows = pd.read_csv(reported / "runs.csv").set_index("folder")
    (note,) = rows.note[rows.index.str.contains("quality_100")]
    assert "evaluation.csv is damaged" in note
    assert json.loads((reported / "summary.json").read_text())["foreign"] == []


def test_without_intervals_and_beyond_the_tolerance_no_network_holds(logs):
    (found,) = experiments.experiments([run.row for run in read_logs(logs)])
    tested = transfer.read(read_logs(logs))
    said = transfer.transfer(found, tested, 0.0001)["transfer"]
    assert (
        said.removesuffix(transfer.FAVOURED).rstrip()
        == "Trained uncompressed it holds at no lower rate."
    )


def read_logs(root):
    return logs_module.read([root], root / "none")[0]


def test_runs_that_were_not_tested_have_no_matrix(tmp_path):
    make_run(tmp_path, 0)
    judged_run(tmp_path, 5, 0, {("jpeg", 5): 0.6})
    (found,) = experiments.experiments([run.row for run in read_logs(tmp_path)])
    said = transfer.transfer(found, transfer.read(read_logs(tmp_path)), 0.01)
    assert said == {"matrix": [], "transfer": ""}


def test_nothing_is_said_of_a_network_that_guesses_at_every_rate(tmp_path):
    folder = make_run(tmp_path, 50, top=0.5)
    for rate in (50, 25):
        evaluations.add(folder, "jpeg", rate, judged(0.5))
    (found,) = experiments.experiments([run.row for run in read_logs(tmp_path)])
    said = transfer.transfer(found, transfer.read(read_logs(tmp_path)), 0.01)
    assert (len(said["matrix"]), said["transfer"]) == (2, "")


def test_without_an_uncompressed_run_and_with_one_seed_there_is_a_sentence_too(tmp_path):
    judged_run(tmp_path, 50, 0, {("jpeg", 50): 0.8, ("jpeg", 25): 0.799, ("jpeg", 5): 0.5})
    judged_run(tmp_path, 25, 0, {("jpeg", 25): 0.7})
    (found,) = experiments.experiments([run.row for run in read_logs(tmp_path)])
    tested = transfer.read(read_logs(tmp_path))
    said = transfer.transfer(found, tested, 0.01)["transfer"]
    assert (
        said.removesuffix(transfer.FAVOURED).rstrip()
        == "Trained at quality 50 it holds down to quality 25 (-0.1 points, -0.4 to +0.2, "
        "one seed, over items alone)."
    )
    said = transfer.transfer(found, tested, 0.0)["transfer"]
    assert (
        said.removesuffix(transfer.FAVOURED).rstrip()
        == "Trained at quality 50 it holds at no lower rate."
    )


def test_an_evaluation_is_read_again_and_one_from_before_versions_were_kept_too(tmp_path):
    evaluations.add(tmp_path, "jpeg", 5, judged(0.5), "opencv, 5")
    evaluations.add(tmp_path, "jpeg", 0, judged(0.75))
    first, second = (1000, 0.75, ""), (1000, 0.5, "opencv, 5")
    assert evaluations.read(tmp_path) == {("jpeg", 0): first, ("jpeg", 5): second}
    assert predictions.read(evaluations.path_of(tmp_path, "jpeg", 5)).correct.mean() == 0.5
    (tmp_path / evaluations.FILE).write_text("codec,rate,items,accuracy\njpeg,5,1000,0.5\n")
    evaluations.add(tmp_path, "jpeg", 0, judged(0.75), "new")
    first, second = (1000, 0.75, "new"), (1000, 0.5, "")
    assert evaluations.read(tmp_path) == {("jpeg", 0): first, ("jpeg", 5): second}


def test_a_report_of_the_tables_alone_is_the_report_of_the_runs(tmp_path):
    """With --predictions: intervals over items, classes, and the matrix."""
    logs, first, again = (tmp_path / name for name in ("logs", "first", "again"))
    for rate in (0, 50):
        for seed in range(2):
            cells = {("jpeg", 0): 0.8 - seed / 100, ("jpeg", 50): 0.7, ("webp", 5): 0.6}
            folder = judged_run(logs, rate, seed, cells, test_acc=cells["jpeg", rate])
            predictions.write(folder / predictions.FILE, judged(cells["jpeg", rate]))
    report.main([str(logs), "--out", str(first), "--predictions"])
    shutil.rmtree(logs)
    report.main([str(first), "--out", str(again), "--predictions"])
    for name in ("runs", "summary", "by_class", "matrix"):
        assert (again / f"{name}.csv").read_bytes() == (first / f"{name}.csv").read_bytes()
    assert (again / kept.FILE).read_bytes() == (first / kept.FILE).read_bytes()
    rows = tables.read(first / "summary.csv", SUMMARY)
    assert rows[1]["test_difference_low_items"] < rows[1]["test_difference"]
    assert len(tables.read(first / "by_class.csv", BY_CLASS)) == 2


@pytest.mark.parametrize("truth", ["a", "", "-1"])
def test_a_damaged_table_of_predictions_is_refused(tmp_path, truth):
    logs, out = tmp_path / "logs", tmp_path / "report"
    name = make_run(logs).relative_to(logs)
    report.main([str(logs), "--out", str(out)])
    with gzip.open(out / kept.FILE, "wt") as file:
        file.write(f"{','.join(kept.ITEM)},{name}|\n,,,0,{truth},cat,0\n")
    with pytest.raises(DataError, match="is not a table that a report wrote"):
        report.main([str(out), "--out", str(tmp_path / "again")])


def test_cells_of_an_earlier_matrix_count_where_they_are_of_more_seeds(tmp_path):
    old, new = tmp_path / "old", tmp_path / "new"
    for seed in range(2):
        judged_run(old, 50, seed, {("jpeg", 50): 0.8, ("jpeg", 10): 0.6, ("jpeg", 5): 0.6})
    report.main([str(old), "--out", str(tmp_path / "report")])
    for seed in range(2, 5):
        tested = [50, 10, 5][: 5 - seed]
        judged_run(new, 50, seed, {("jpeg", rate): 0.7 for rate in tested})
    out = tmp_path / "both"
    report.main([str(tmp_path / "report"), str(new), "--out", str(out)])
    rows = tables.read(out / "matrix.csv", MATRIX)
    assert [(r["tested_rate"], r["seeds"], round(r["accuracy"], 6)) for r in rows] == [
        (50, 3, 0.7),
        (10, 2, 0.7),
        (5, 2, 0.6),
    ]
