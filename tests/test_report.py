"""From run folders to tables: states, statistics, and what is never counted."""

import csv
import json
import re
import subprocess
import sys
import time

import numpy as np
import pytest
from report_runs import MODELS, history, make_run, plain_statistics
from scipy import stats

from helmholtz.analysis import experiments, statistics, tables
from helmholtz.analysis import logs as logbook
from helmholtz.io import run_state
from helmholtz.report import __main__ as report
from helmholtz.report import curves, sections
from helmholtz.schema import RUNS, SUMMARY


@pytest.fixture
def logs(tmp_path):
    return tmp_path / "logs"


def read(logs):
    found, foreign = report.collect(report.parse_args([str(logs), "--out", f"{logs}/report"]))
    return {run.row["folder"]: run.row for run in found}, foreign


def only(logs):
    rows, _ = read(logs)
    assert len(rows) == 1
    return next(iter(rows.values()))


def table(logs):
    """The rows of summary of what is under logs."""
    rows = list(read(logs)[0].values())
    return experiments.summary_rows(experiments.experiments(rows))


def made(logs):
    """The same through the command, from summary.csv."""
    report.main([str(logs), "--out", str(logs / "report")])
    with open(logs / "report" / "summary.csv") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("seed", range(3))
def test_the_published_statistics_are_those_of_the_history(logs, seed):
    make_run(logs, seed=seed, epochs=40 + seed, top=0.7)
    (row,) = table(logs)
    val_acc = [r["val_acc"] for r in history(40 + seed, 0.7, hash((0, seed)) % 2**32)]
    mean, converged = plain_statistics(val_acc)
    assert row["accuracy"] == pytest.approx(mean)
    assert row["convergence_epoch"] == converged
    assert row["accuracy_is"] == "mean of ten best epochs"


@pytest.mark.parametrize("epochs", [1, 9, 10, 14])
def test_a_short_run_shows_its_best_epoch_and_a_star(logs, epochs, capsys):
    make_run(logs, epochs=epochs, top=0.77)
    (row,) = table(logs)
    best = max(r["val_acc"] for r in history(epochs, 0.77, hash((0, 0)) % 2**32))
    assert (row["accuracy"], row["accuracy_is"]) == (best, "best epoch (short)")
    made(logs)
    said = capsys.readouterr().out
    assert f"{best:.3f}*" in said
    assert "* fewer than 20 epochs" in said


def test_from_15_epochs_on_the_accuracy_is_as_published_and_from_20_on_without_a_star(logs, capsys):
    for epochs, star in ((15, True), (19, True), (20, False)):
        folder = logs / str(epochs)
        make_run(folder, epochs=epochs)
        (row,) = table(folder)
        val_acc = [r["val_acc"] for r in history(epochs, 0.8, hash((0, 0)) % 2**32)]
        assert row["accuracy"] == pytest.approx(plain_statistics(val_acc)[0])
        made(folder)
        assert (f"{row['accuracy']:.3f}*" in capsys.readouterr().out) == star


def test_what_is_published_of_a_short_run_stays_in_its_row(logs):
    make_run(logs, epochs=10)
    val_acc = [r["val_acc"] for r in history(10, 0.8, hash((0, 0)) % 2**32)]
    assert only(logs)["mean_of_ten_best"] == pytest.approx(np.mean(val_acc))


def test_intervals_of_an_accuracy_end_at_0_and_1_and_those_of_differences_do_not(logs):
    for seed, (top, tested) in enumerate([(0.99, 0.99), (0.9, 0.05)]):
        make_run(logs, 0, seed, top, speed=0.1, test_acc=tested)
        make_run(logs, 5, seed, 0.1 * seed, speed=0.1, test_acc=tested)
    uncompressed, five = table(logs)
    assert (uncompressed["accuracy_low"] > 0, uncompressed["accuracy_high"]) == (True, 1)
    assert (uncompressed["test_acc_low"], uncompressed["test_acc_high"]) == (0, 1)
    assert five["accuracy_low"] == 0
    assert five["difference_low"] < -1


def test_one_is_not_written_as_many(logs, capsys):
    make_run(logs, epochs=1)
    made(logs)
    page = (logs / "report" / "index.html").read_text()
    said = capsys.readouterr().out
    assert "1 run: 1 finished" in said
    for text in (page, said, table(logs)[0]["protocol"]):
        assert not re.search(r"\b1 (runs|epochs|seeds|items|files)\b", text)


def curves_of(logs, *flags):
    """The captions of the learning curves, by section."""
    args = report.parse_args([str(logs), "--out", str(logs / "report"), *flags])
    runs, _ = report.collect(args)
    found = {}
    for experiment in experiments.experiments([run.row for run in runs]):
        key = tuple(experiment.key[name] for name in experiments.COMPARISON)
        own = sections.runs_of(key, [experiment], runs)
        found[key] = curves.select(own, args.curves)
    return found


def test_curves_of_a_run_that_was_started_otherwise_stand_in_no_section_of_others(logs):
    make_run(logs, 0, 0)
    make_run(logs, 5, 0, finished=False)
    make_run(logs, 10, 0, finished=False, epochs=12)  # of which num_epoch is 12
    ((runs, _),) = curves_of(logs).values()
    assert [run.row["rate"] for run in runs] == [0, 5]


def test_curves_that_are_left_out_are_told_with_how_to_choose_them(logs):
    for seed in range(8):
        make_run(logs, 0, seed)
    ((runs, said),) = curves_of(logs).values()
    assert (len(runs), said[:9]) == (1, "1 of 8 ru")
    ((runs, said),) = curves_of(logs, "--curves", "*seed_[1-7]").values()
    assert (len(runs), said[:9], "--curves PATTERN" in said) == (6, "6 of 8 ru", True)
    report.main([str(logs), "--out", str(logs / "report")])
    assert "1 of 8 runs" in (logs / "report" / "index.html").read_text()


def test_a_pattern_of_curves_that_names_no_run_is_refused(logs, command):
    make_run(logs)
    code, said = command(report.main, logs, "--out", logs / "report", "--curves", "*quality_7*")
    assert (code, "'*quality_7*' matches no run" in said) == (2, True)


def test_intervals_exist_where_nothing_varies_and_one_value_has_none():
    same = [(0, 0.5), (1, 0.5)]
    assert statistics.interval([0.5, 0.5]) == (0.5, 0.5, 0.5)
    assert statistics.interval([0.5]) == (0.5, None, None)
    for other in (same, [(2, 0.5), (3, 0.5)]):
        assert statistics.difference(same, other)["low"] == 0
    with_none = statistics.difference([(None, 0.5), (None, 0.7)], [(None, 0.4)])
    assert (with_none["paired"], with_none["low"], with_none["seeds"]) == (False, None, 1)


def test_an_experiment_takes_five_lines_and_verbose_says_what_would_help(logs, capsys):
    for rate in (0, 1, 5, 10, 25, 50):
        for seed in range(2):
            make_run(logs, rate, seed)
    report.main([str(logs), "--out", str(logs / "report")])
    brief = capsys.readouterr().out.strip().split("\n\n")[0].splitlines()
    assert len(brief) == 5  # what it is, the head of the table, two rates, the answer
    assert brief[-1].startswith("all-cnns: Choose")
    report.main([str(logs), "--out", str(logs / "report"), "--verbose"])
    said = capsys.readouterr().out
    assert said.count("quality ") > brief[-1].count("quality ") + 5
    assert "python cifar/train.py --quality" in said
    assert "Noise: of U" in said
    assert "python cifar/train.py --quality" in (logs / "report" / "index.html").read_text()


def test_seeds_become_a_mean_with_its_interval_and_one_seed_has_none(logs):
    for seed in range(3):
        make_run(logs, 5, seed)
    make_run(logs, 25, 0)
    five, one = made(logs)
    assert (five["seeds"], five["seed_list"], one["seeds"]) == ("3", "0 1 2", "1")
    assert float(five["accuracy_low"]) < float(five["accuracy"]) < float(five["accuracy_high"])
    assert one["accuracy_low"] == one["accuracy_high"] == ""


def test_test_accuracy_stands_apart(logs):
    make_run(logs, 0, 0, test_acc=0.5)
    make_run(logs, 0, 1, test_acc=0.6)
    (row,) = table(logs)
    assert row["test_acc"] == 0.55
    assert row["test_difference"] is None
    make_run(logs, 5, 0, test_acc=0.48)
    make_run(logs, 5, 1, test_acc=0.59)
    wanted = stats.ttest_rel([0.48, 0.59], [0.5, 0.6]).confidence_interval()
    low, high = (table(logs)[1][f"test_difference_{end}"] for end in ("low", "high"))
    assert (low, high) == pytest.approx(tuple(wanted))
    assert row["accuracy"] > 0.65


def test_runs_that_were_trained_otherwise_or_on_other_data_are_never_averaged(logs):
    make_run(logs, 0, 0)
    make_run(logs, 0, 1, epochs=30)
    make_run(logs, 0, 2, data="0therd4t")
    make_run(logs, 0, 3, source="other")
    assert [row["seeds"] for row in table(logs)] == [1] * 4


def damage(folder, name, content):
    (folder / name).write_bytes(content)


BROKEN = {
    "result.json": [b"", b'{"domain": "cifar"', b"[]", b"{}", b"\xff\xfe\x00", b'{"seed": 1}'],
    "setting.json": [b"", b"{", b"null", b"[" * 100_000],
    "history.csv": [b"", b"\x00\xff", b"a,b\n1,2\n", b"epoch,acc,loss,val_acc,val_loss\n1,2\n"],
}


@pytest.mark.parametrize(("name", "content"), [(n, c) for n, cs in BROKEN.items() for c in cs])
def test_a_broken_file_is_told_and_not_counted(logs, name, content):
    make_run(logs, 0, 0)
    damage(make_run(logs, 0, 1), name, content)
    rows, _ = read(logs)
    states = [row["state"] for row in rows.values()]
    assert states == ["finished", "damaged"]
    assert name in next(row["note"] for row in rows.values() if row["state"] == "damaged")
    assert [(row["seeds"], row["not_counted"]) for row in table(logs)] == [(1, 1)]


def test_a_history_cut_within_a_row_is_damaged(logs):
    folder = make_run(logs)
    text = (folder / "history.csv").read_bytes()
    damage(folder, "history.csv", text[:-20])
    assert only(logs)["state"] == "damaged"


def test_a_result_that_is_not_the_history_s_is_damaged(logs):
    folder = make_run(logs)
    result = json.loads((folder / "result.json").read_text())
    for key, value in (("mean_of_ten_best", 0.99), ("epochs", 21), ("best_val_acc", 1.5)):
        damage(folder, "result.json", json.dumps(result | {key: value}).encode())
        assert only(logs)["state"] == "damaged"
        assert key in only(logs)["note"] or "epochs" in only(logs)["note"]


def test_no_number_in_a_history_is_divergence(logs):
    folder = make_run(logs, finished=False)
    lines = (folder / "history.csv").read_text().splitlines()
    damage(folder, "history.csv", "\n".join([*lines[:5], "5,0.1,nan,0.1,nan,0.1,1.0"]).encode())
    row = only(logs)
    assert (row["state"], row["best_val_acc"]) == ("diverged", None)
    assert row["note"] == "loss, val_loss: NaN or infinite from epoch 5 on"


def test_a_run_is_running_for_as_long_as_its_folder_is_held(logs):
    folder = make_run(logs, finished=False, epochs=7)
    with run_state.held(folder):
        assert (only(logs)["state"], only(logs)["note"]) == ("running", "epoch 7 of 7")
    assert (only(logs)["state"], only(logs)["note"]) == ("stopped", "epoch 7 of 7")
    (folder / "history.csv").unlink()
    assert (only(logs)["state"], only(logs)["note"]) == ("no epoch", "ended before its first epoch")
    with run_state.held(folder):
        assert (only(logs)["state"], only(logs)["note"]) == ("running", "no epoch yet")


def test_the_same_seed_twice_counts_once(logs):
    make_run(logs, 5, 1)
    make_run(logs / "copy", 5, 1)
    rows, _ = read(logs)
    assert sorted(row["state"] for row in rows.values()) == ["duplicate", "finished"]
    assert [row["seeds"] for row in table(logs)] == [1]


def test_a_run_given_twice_counts_once(logs, tmp_path):
    for seed in range(3):
        make_run(logs, 5, seed)
    made(logs)
    kept = str(logs / "report" / "runs.csv")
    report.main([kept, str(logs), "--out", str(tmp_path / "both")])
    (row,) = tables.read(tmp_path / "both" / "summary.csv", SUMMARY)
    assert (row["seeds"], row["seed_list"]) == (3, "0 1 2")


def test_runs_of_two_folders_keep_their_own_histories(tmp_path):
    make_run(tmp_path / "a", epochs=12)
    make_run(tmp_path / "b", epochs=20)
    roots = [str(tmp_path / name) for name in "ab"]
    report.main([*roots, "--out", str(tmp_path / "first")])
    report.main([str(tmp_path / "first" / "runs.csv"), "--out", str(tmp_path / "again")])
    paths = [tmp_path / name / "curves.csv" for name in ("first", "again")]
    assert paths[0].read_bytes() == paths[1].read_bytes()
    assert sorted(len(h["acc"]) for h in logbook.read_curves(paths[0]).values()) == [12, 20]


@pytest.mark.parametrize("key", ["decay_rate", "weights", "backend"])
def test_runs_that_differ_are_no_duplicates(logs, key):
    for folder, value in ((logs, "a 1"), (logs / "copy", "b 1")):
        path = make_run(folder, 5, 1) / "setting.json"
        setting = json.loads(path.read_text())
        setting["versions" if key == "backend" else "flags"] |= {key: value}
        path.write_text(json.dumps(setting))
    assert [row["seeds"] for row in table(logs)] == [1, 1]


def test_files_of_no_run_are_listed(logs):
    make_run(logs)
    (logs / "notes.docx").write_bytes(b"?")
    (logs / "README.md").touch()
    (logs / ".tmp-1-history.csv").touch()
    (logs / "loop").symlink_to(logs)
    (logs / "earlier").mkdir()
    for name in ("runs.csv", "summary.csv", "x.svg"):
        (logs / "earlier" / name).touch()
    assert read(logs)[1] == [str(logs / "notes.docx")]


@pytest.mark.parametrize(
    ("path", "wanted"),
    [
        ("logs/all-cnns/quality_5", ("cifar", None, "all-cnns", 5)),
        ("photos/all-cnns/quality_75", ("cifar", "photos", "all-cnns", 75)),
        ("cnn_x3_mlp_0/bitrate_32", ("audio", None, "cnn_x3_mlp_0", 32)),
    ],
)
def test_the_2018_code_s_history_is_read_with_names_from_its_path(logs, path, wanted):
    folder = logs / path
    folder.mkdir(parents=True)
    val_acc = [r["val_acc"] for r in history(20, 0.6, 0)]
    lines = [
        ",acc,loss,val_acc,val_loss",
        *(f"{i},0.5,1.2,{a!r},1.1" for i, a in enumerate(val_acc)),
    ]
    (folder / "history.csv").write_text("\n".join(lines) + "\n")
    row = only(logs)
    assert tuple(row[k] for k in ("domain", "source", "model", "rate")) == wanted
    assert (row["state"], row["epochs"], row["seed"]) == ("finished (2018 code)", 20, None)
    (row,) = table(logs)
    assert row["accuracy"] == pytest.approx(plain_statistics(val_acc)[0])
    assert (row["file_bytes"], row["seconds"]) == (None, None)


def test_a_table_with_runs_that_diverged_or_are_damaged_is_read_again(logs, tmp_path):
    make_run(logs)
    for seed, wrong in ((1, "inf"), (2, "nan"), (3, "7")):
        folder = make_run(logs, 0, seed)
        lines = (folder / "history.csv").read_text().splitlines()
        text = "\n".join([*lines[:5], f"5,0.1,{wrong},{wrong},1,1,1"])
        damage(folder, "history.csv", text.encode())
    made(logs)
    report.main([str(logs / "report" / "runs.csv"), "--out", str(tmp_path / "again")])
    for name in ("runs.csv", "curves.csv"):
        assert (tmp_path / "again" / name).read_bytes() == (logs / "report" / name).read_bytes()


def test_a_kept_runs_csv_gives_the_same_summary_again(logs, tmp_path):
    for rate in (0, 5, 25):
        for seed in range(3):
            make_run(logs, rate, seed, top=0.8 - 0.02 * (rate == 5))
    damage(make_run(logs, 10, 0), "result.json", b"")
    made(logs)
    first = logs / "report"
    report.main([str(first / "runs.csv"), "--out", str(tmp_path / "again")])
    for name in ("runs.csv", "curves.csv", "summary.csv", "figures/cifar-sample_mean_curves.svg"):
        assert (tmp_path / "again" / name).read_bytes() == (first / name).read_bytes()
    answers = [
        json.loads((f / "summary.json").read_text())["answers"] for f in (first, tmp_path / "again")
    ]
    assert answers[0] == answers[1]


def test_every_column_of_a_table_comes_back(tmp_path):
    row = dict.fromkeys(RUNS) | {"flags": {"source": 'a,"b"\n'}, "seed": 3}
    row |= {"best_val_acc": 0.1 + 0.2, "source": "x, y", "data": "12345678"}
    tables.write(tmp_path / "t.csv", [row], RUNS)
    assert tables.read(tmp_path / "t.csv", RUNS) == [row]


def test_bad_input_is_told_in_a_sentence(tmp_path, command):
    code, error = command(report.main, tmp_path / "no")
    assert (code, "does not exist" in error) == (3, True)
    code, error = command(report.main, tmp_path, "--out", tmp_path / "r")
    assert (code, "No run under" in error) == (3, True)
    make_run(tmp_path / "logs")
    code, error = command(report.main, tmp_path / "logs", "--out", tmp_path / "logs")
    assert (code, "give another folder" in error) == (2, True)
    (tmp_path / "runs.csv").write_text("a,b\n1,2\n")
    code, error = command(report.main, tmp_path / "runs.csv", "--out", tmp_path / "r")
    assert (code, "not a table that a report wrote" in error, error.count("\n")) == (3, True, 1)
    code, error = command(report.main, tmp_path, "--tolerance", "2")
    assert code == 2


def test_a_report_does_without_keras(logs):
    make_run(logs)
    program = (
        "import sys; from helmholtz.report import __main__ as report\n"
        f"report.main([{str(logs)!r}, '--out', {str(logs / 'report')!r}])\n"
        "assert not {'keras', 'tensorflow', 'jax'} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_a_thousand_runs_of_200_epochs_take_less_than_10_seconds(logs):
    for i in range(1000):
        rate, seed = (0, 1, 5, 10, 25)[i % 5], i // 10
        make_run(logs, rate, seed, epochs=200, model=list(MODELS)[i // 5 % 2], bytes_=700 + rate)
    began = time.process_time()  # of this process: other work on the machine does not count
    rows = made(logs)
    assert sum(int(row["seeds"]) for row in rows) == 1000
    assert time.process_time() - began < 10
