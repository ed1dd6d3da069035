"""The codec is part of what a run is: of what may be averaged, compared and told apart."""

import re

import pytest
from report_runs import make_run

from helmholtz import domain
from helmholtz.analysis import answer, experiments, logs, tables
from helmholtz.codec import Codec
from helmholtz.report import __main__ as report
from helmholtz.schema import RUNS, SUMMARY

CIFAR = domain.get("cifar")


@pytest.fixture(autouse=True)
def _webp(monkeypatch):
    """A made-up codec, by one entry in the domain's table."""
    made_up = Codec(
        "made-up", "MadeUp", "MadeUp quality", "made-up {}", "made-up", range(1, 101), (1, 50),
        lambda image, rate: (image, 1, 1), lambda: "1",
    )  # fmt: skip
    monkeypatch.setitem(CIFAR.codecs, "made-up", made_up)


def rows_under(folder):
    args = report.parse_args([str(folder), "--out", str(folder / "report")])
    return [run.row for run in report.collect(args)[0]]


def found_in(folder):
    return experiments.experiments(rows_under(folder))


def test_the_same_rate_and_seed_of_two_codecs_are_no_duplicates_and_never_averaged(tmp_path):
    make_run(tmp_path, 0, top=0.8, codec="jpeg")
    make_run(tmp_path, 25, top=0.8, codec="jpeg")
    make_run(tmp_path, 25, top=0.5, codec="made-up")
    assert {row["state"] for row in rows_under(tmp_path)} == {"finished"}
    jpeg, made_up = found_in(tmp_path)
    assert (jpeg.key["codec"], made_up.key["codec"]) == ("jpeg", "made-up")
    assert jpeg.rows[25]["accuracy"] > 0.6 > made_up.rows[25]["accuracy"]


def test_a_run_without_compression_is_the_baseline_of_every_codec_and_counts_once(tmp_path):
    for seed in range(3):
        make_run(tmp_path, 0, seed, codec="jpeg")
        for codec in ("jpeg", "made-up"):
            make_run(tmp_path, 50, seed, top=0.79, codec=codec)
    make_run(tmp_path / "again", 0, 0, codec="made-up")
    states = [row["state"] for row in rows_under(tmp_path)]
    assert states.count("duplicate") == 1
    for experiment in found_in(tmp_path):
        assert list(experiment.runs) == [0, 50]
        assert experiment.rows[50]["baseline_rate"] == 0
        assert experiment.rows[50]["difference_low"] is not None


def test_a_run_from_before_there_was_a_choice_is_of_the_published_codec(tmp_path):
    make_run(tmp_path, 25, 0)
    make_run(tmp_path, 25, 1, codec="jpeg")
    make_run(tmp_path, 32, 0, domain="audio", model="cnn_x3_mlp_0")
    audio, cifar = found_in(tmp_path)
    assert (audio.key["codec"], cifar.key["codec"]) == ("mp3", "jpeg")
    assert cifar.rows[25]["seeds"] == 2


def test_folders_of_all_codecs_tell_domain_codec_and_rate():
    for name, wanted in [
        ("x/all-cnns/quality_5/seed_3", ("cifar", "jpeg", 5, 3)),
        ("x/all-cnns/made-up_25/seed_0", ("cifar", "made-up", 25, 0)),
        ("x/cnn_x3_mlp_0/bitrate_32", ("audio", "mp3", 32, None)),
    ]:
        found = logs.from_path(name)
        assert tuple(found[key] for key in ("domain", "codec", "rate", "seed")) == wanted
    assert logs.from_path("x/all-cnns/other_25/seed_0") == {}


def test_runs_of_another_version_of_the_codec_are_listed_and_not_counted(tmp_path):
    for seed in range(2):
        make_run(tmp_path, 25, seed, version="2.0")
    make_run(tmp_path, 25, 2, version="1.0")
    make_run(tmp_path, 0, 0, version="1.0")  # uncompressed: no codec was used
    (experiment,) = found_in(tmp_path)
    assert (experiment.rows[25]["seed_list"], experiment.rows[0]["seeds"]) == ("0 1", 1)
    (left_out,) = (row for row in rows_under(tmp_path) if row["state"] != "finished")
    assert (left_out["state"], left_out["note"]) == ("other codec version", "1.0, others 2.0")


def test_a_table_from_before_there_was_a_choice_is_read_and_one_of_now_comes_back(tmp_path):
    make_run(tmp_path / "logs", 25, version="JPEG 9")
    make_run(tmp_path / "logs", 25, codec="made-up", version="M 1")
    report.main([str(tmp_path / "logs"), "--out", str(tmp_path / "report")])
    now = tmp_path / "report" / "runs.csv"
    rows = [run.row for run in logs.read_table(now)]
    assert [(r["codec"], r["codec_version"]) for r in rows] == [
        ("jpeg", "JPEG 9"),
        ("made-up", "M 1"),
    ]
    old = tables.frame(rows[:1], RUNS).drop(columns="codec")
    old = old.rename(columns={"codec_version": "codec"}).assign(flags="{}")
    old.to_csv(tmp_path / "old.csv", index=False)
    (row,) = (run.row for run in logs.read_table(tmp_path / "old.csv"))
    assert (row["codec"], row["codec_version"]) == ("jpeg", "JPEG 9")


def test_the_report_names_a_codec_that_it_never_heard_of(tmp_path, capsys):
    for seed in range(2):
        make_run(tmp_path / "logs", 0, seed, codec="jpeg", epochs=30)
        make_run(tmp_path / "logs", 50, seed, codec="jpeg", epochs=30)
        make_run(tmp_path / "logs", 50, seed, codec="made-up", epochs=30)
    report.main([str(tmp_path / "logs"), "--out", str(tmp_path / "report")])
    said = capsys.readouterr().out
    assert "all-cnns, made-up: Choose made-up 50" in said
    assert "all-cnns: Choose quality 50" in said
    names = {path.name for path in (tmp_path / "report" / "figures").glob("*.svg")}
    assert {"cifar-sample_accuracy_rate.svg", "cifar-sample_accuracy_rate_made-up.svg"} <= names
    summary = tables.read(tmp_path / "report" / "summary.csv", SUMMARY)
    assert [(row["codec"], row["rate"]) for row in summary] == [
        ("jpeg", 0), ("jpeg", 50), ("made-up", 0), ("made-up", 50),
    ]  # fmt: skip
    page = (tmp_path / "report" / "index.html").read_text()
    assert re.search(r"all-cnns, made-up\s*<td>made-up 50", page)


def test_the_advised_command_names_the_codec_and_its_folder(tmp_path):
    for codec in ("jpeg", "made-up"):
        make_run(tmp_path, 50, codec=codec)
    jpeg, made_up = (answer.answer(e, 0.01)["missing"][-1]["command"] for e in found_in(tmp_path))
    assert "--codec" not in jpeg
    assert "--quality 50 --model all-cnns --codec made-up " in made_up
