"""What results/ and the front page of the README say stands in the committed tables."""

import csv
import functools
import importlib
import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from helmholtz.analysis import domains, logs, tables
from helmholtz.report import __main__ as report
from helmholtz.schema import SUMMARY
from helmholtz.sweep import __main__ as sweep
from helmholtz.sweep import plan

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "results"
STUDIES = ["images", "sound"]  # of the published networks
# Whose runs come in one by one: their items.
GROWING = {"lossless": 50_000, "qualities": 50_000, "imagenette": 9_469}
# With runs that were tested at other rates too.
MATRICES = [*GROWING, "drums", "machines", "digits"]
EMBEDDED = ["noise"]  # of the samples: its command takes no folder
# With all runs that their commands ask for.
WHOLE = [*STUDIES, *EMBEDDED, "published", "drums", "machines", "digits"]
ELSEWHERE = {"source", "log_dir", "setting", "model", "resume", "overwrite"}  # not what a run is
COUNTS = {"one": 1, "two": 2, "three": 3, "five": 5}


@pytest.fixture(scope="module")
def front():
    return importlib.import_module("front")


@pytest.fixture(scope="module")
def again(tmp_path_factory):
    """The report of a study's committed tables, made when it is first asked for."""

    @functools.cache
    def made(study):
        folder = tmp_path_factory.mktemp(study)
        report.main([str(RESULTS / study), "--out", str(folder)])
        return folder

    return made


def front_page():
    """What the README says before its first heading: what was measured."""
    return (ROOT / "README.md").read_text().split("\n## ")[0]


def page_of(study):
    return (RESULTS / study / "README.md").read_text()


def runs_of(study):
    return [run.row for run in logs.read_table(RESULTS / study / "runs.csv")]


@pytest.mark.parametrize("study", STUDIES)
def test_the_report_of_the_committed_runs_is_the_committed_summary(study, tmp_path):
    """runs.csv is from before there was a choice of codec."""
    report.main([str(RESULTS / study / "runs.csv"), "--out", str(tmp_path)])
    for name in ("summary.csv", "curves.csv"):
        assert (tmp_path / name).read_bytes() == (RESULTS / study / name).read_bytes()


def reproduce(study, tmp_path, python_says):
    """scripts/reproduce.sh itself, with a python that only says what it was asked."""
    folder = tmp_path / "checkout"
    (folder / "scripts").mkdir(parents=True)
    for name in ("reproduce.sh", "usage.sh"):
        shutil.copy(ROOT / "scripts" / name, folder / "scripts")
    (folder / "scripts" / "setup.sh").touch()
    python = folder / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(f'#!/bin/sh\necho "$@"\n{python_says}\n')
    python.chmod(0o755)
    for name in ("cat", "dog"):
        (tmp_path / "data" / name).mkdir(parents=True)
        for file in ("1.png", "2.png", "1.wav", "2.wav"):
            (tmp_path / "data" / name / file).touch()
    data = [] if study in EMBEDDED else [tmp_path / "data"]
    command = ["sh", folder / "scripts" / "reproduce.sh", study, *data]
    done = subprocess.run(command, capture_output=True, text=True)
    return done.returncode, done.stdout.splitlines()


def test_a_run_that_fails_costs_neither_the_others_nor_the_report(tmp_path):
    fails = 'case "$*" in *"--setting 0"*) exit 1 ;; esac'
    code, lines = reproduce("images", tmp_path, fails)
    assert (code, [line.split()[1] for line in lines]) == (
        1,
        ["helmholtz.sweep", "helmholtz.sweep", "helmholtz.report"],
    )


def test_ctrl_c_ends_it_at_once(tmp_path):
    code, lines = reproduce("images", tmp_path, "exit 75")
    assert (code, len(lines)) == (75, 1)


@pytest.mark.parametrize("study", WHOLE)
def test_the_runs_are_those_that_the_study_s_command_asks_for(study, tmp_path):
    assert re.search(rf"sh scripts/reproduce\.sh {study}\b", page_of(study))
    code, said = reproduce(study, tmp_path, "")
    assert code == 0
    lines = [line.split()[2:] for line in said if "helmholtz.sweep" in line]
    wanted = [run for line in lines for run in plan.plan(*sweep.parse_args(line))]
    asked = {(*run.names, run.codec.name): vars(run.args) for run in wanted}
    done = {
        (domains.rate_name(row), row["model"], str(row["seed"]), row["codec"]): row
        for row in runs_of(study)
    }
    assert done.keys() == asked.keys()
    for run, row in done.items():
        assert row["state"] == "finished"
        flags = asked[run]
        same = (flags.keys() & row["flags"].keys()) - ELSEWHERE  # those that there were then
        assert len(same) > 10
        assert row["codec"] == flags["codec"]
        then = row["flags"] | ({"resample": None} if study == "sound" else {})  # 44.1 kHz, as most
        assert {key: then[key] for key in same} == {key: flags[key] for key in same}


@pytest.mark.parametrize("study", GROWING)
def test_the_runs_of_a_growing_study_are_some_of_those_that_its_command_asks_for(study, tmp_path):
    _, said = reproduce(study, tmp_path, "")
    lines = [line.split()[2:] for line in said if "helmholtz.sweep" in line]
    wanted = [run for line in lines for run in plan.plan(*sweep.parse_args(line))]
    images = ("size", "full_size")
    asked = {
        (
            run.args.model,
            run.codec.name,
            run.rate,
            run.args.seed,
            *(getattr(run.args, name) for name in images),
        ): vars(run.args)
        for run in wanted
    }
    for row in [row for row in runs_of(study) if row["state"] == "finished"]:
        made = (row["flags"].get(name, False) for name in images)
        flags = asked[row["model"], row["codec"], row["rate"], row["seed"], *made]
        assert row["train_items"] == GROWING[study]
        for name in ("num_epoch", "batch_size", "learning_rate", "precision", "val", "size"):
            assert row["flags"][name] == flags[name], name


def cell(row):
    return row["domain"], row["source"], row["model"], domains.rate_name(row)


@pytest.mark.parametrize("study", [*MATRICES, *EMBEDDED, "published"])
def test_the_table_of_a_study_is_that_of_its_summary(front, study):
    assert front.tests_table(study) in page_of(study)
    rows = tables.read(RESULTS / study / "summary.csv", SUMMARY)
    own = {}
    for run in [run for run in runs_of(study) if run["state"] == "finished"]:
        own.setdefault(cell(run), []).append(run["test_acc"])
    assert {cell(row) for row in rows} == own.keys()
    for row in rows:
        found = own[cell(row)]
        assert row["seeds"] == len(found)
        assert row["test_acc"] == pytest.approx(sum(found) / len(found))


def test_what_is_said_of_convergence_is_what_the_curves_say():
    made = importlib.import_module("convergence")
    assert made.table() in page_of(".")
    first = {}
    for run in made.runs("sound"):
        if run.row["rate"] in (0, 64):
            first.setdefault(run.row["rate"], []).append(made.reached(made.curve(run), 0.65))
    assert first == {0: [26, 26, 25], 64: [20, 18, 18]}  # the one bar that the pages name
    for page in (page_of("."), page_of("sound")):
        assert "in epochs 20, 18 and 18" in " ".join(page.split())
        assert "in 26, 26 and 25" in " ".join(page.split())


def test_a_curve_reaches_what_it_comes_to_first():
    made = importlib.import_module("convergence")
    assert made.reached([0.1, 0.5, 0.4, 0.6], 0.5) == 2
    assert made.reached([0.1, 0.5], 0.6) is None
    cells = made.row("lossless", 90, made.runs("lossless"))
    assert cells == ["lossless", "quick", "quality 90", "0.657", "10", "never", "8, 9, 8"]


def test_the_noise_in_bits_is_that_of_the_answers(again):
    kept, anew = (
        next(one for one in json.loads((place / "summary.json").read_text())["answers"]
             if one["model"] == "quick")
        for place in (RESULTS / "lossless", again("lossless"))
    )  # fmt: skip
    said = (RESULTS / "README.md").read_text().split("## Noise in bits")[1].split("\n## ")[0]
    assert f"U = {kept['U']:,.0f}" in " ".join(said.split())
    for size in ("file", "scan"):
        assert kept[size] == anew[size]
        assert f"F = {kept[size]['F']:,.0f}" in " ".join(said.split())
        assert f"{abs(kept[size]['irredundant']):,.0f} " in said
    assert f"{kept['file']['noise']:,.0f}" in said


@pytest.mark.parametrize("study", MATRICES)
def test_the_report_of_the_committed_tables_has_the_committed_matrix(study, again):
    kept = (RESULTS / study / "matrix.csv").read_bytes()
    assert (again(study) / "matrix.csv").read_bytes() == kept
    assert "Trained on what, tested on what" in (again(study) / "index.html").read_text()


def test_the_noise_of_the_samples_is_told_as_it_was_measured():
    assert importlib.import_module("noise").table() in page_of("noise")


def test_what_codecs_take_at_equal_accuracy_is_what_the_report_says(again):
    (compared,) = json.loads((again("imagenette") / "summary.json").read_text())["codecs"]
    for codec in compared["codecs"]:
        fewer = [round(-100 * codec["fewer"][name]) for name in ("mean", "high", "low")]
        said = "{} takes {} % fewer bits of payload ({} to {})".format(codec["title"], *fewer)
        for page in ("README.md", "imagenette/README.md"):
            assert said in " ".join((RESULTS / page).read_text().split())
        assert re.search(rf"{codec['title']}[^.]* {fewer[0]} %", " ".join(front_page().split()))


def test_what_is_asked_of_a_gpu_can_be_asked(tmp_path):
    for name in ("benchmarks/gpu.sh", "scripts/usage.sh"):
        (tmp_path / name).parent.mkdir()
        shutil.copy(ROOT / name, tmp_path / name)
    for folder, file in (
        ("images/cat", "png"),
        ("images/dog", "png"),
        ("sounds/a", "wav"),
        ("sounds/b", "wav"),
    ):
        (tmp_path / folder).mkdir(parents=True)
        for number in range(2):
            (tmp_path / folder / f"{number}.{file}").touch()
    python = tmp_path / "python"
    python.write_text('#!/bin/sh\necho "$KERAS_BACKEND" "$@" >>asked\n')
    python.chmod(0o755)
    environment = os.environ | {"PATH": f"{tmp_path}:/usr/bin:/bin"}
    environment.pop("KERAS_BACKEND", None)
    command = ["sh", "benchmarks/gpu.sh", "images", "sounds", "--limit", "600"]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    lines = [line.split() for line in (tmp_path / "asked").read_text().splitlines()]
    assert {line[0] for line in lines} == {"jax"}
    planned = [plan.plan(*sweep.parse_args(line[3:])) for line in lines if "600" in line]
    assert [len(runs) for runs in planned] == [8, 8, 8, 12, 16, 55, 12, 6]
    assert lines[-1][1:3] == ["-m", "helmholtz.report"]


def test_the_tables_of_network_0_are_those_of_the_summaries(front):
    assert front.short_table({study: front.read(study) for study in front.SHORT}) in front_page()
    for study in STUDIES:
        assert front.table(front.read(study), front.ITEMS[study]) in page_of(study)


@pytest.mark.parametrize("study", STUDIES)
def test_the_tables_of_all_networks_are_those_of_the_runs(study):
    assert importlib.import_module("networks").table(study) in page_of(study)


@pytest.fixture(scope="module")
def told():
    """The numbers of all committed tables, without signs; differences in points, too; and those of
    the table of noise in bits, which is made of them."""
    values = [
        float(number)
        for number in re.findall(r"\d+\.\d+", importlib.import_module("noise").table())
    ]
    values += [row["train_items"] for study in [*STUDIES, *MATRICES] for row in runs_of(study)]
    for path in [*RESULTS.rglob("summary.csv"), *RESULTS.rglob("matrix.csv")]:
        with path.open() as file:
            for name, cell in (pair for row in csv.DictReader(file) for pair in row.items()):
                if re.fullmatch(r"-?[\d.]+(e-?\d+)?", cell):
                    values.append(abs(float(cell)) * (100 if "difference" in name else 1))
                    values.append(abs(float(cell)))
    return values


def unknown(numbers, values):
    """Those of the numbers, as they are written, that none of the values is."""
    decimals = {number: len(number.partition(".")[2]) for number in numbers}
    rounded = {d: {f"{value:,.{d}f}" for value in values} for d in set(decimals.values())}
    return {number for number, d in decimals.items() if number not in rounded[d]}


def test_every_number_of_the_front_page_stands_in_a_committed_table(told):
    page = re.sub(r"\(.*?\.(png|md)\)|\[.*?\]\(#\w+\)", "", front_page())
    known = {"95", "2018", "2020", "75"}  # the intervals' level, years, what the photographs were
    known |= {"32", "64", "224", "38"}  # pixels; per cent, of codecs, held above
    assert not unknown(set(re.findall(r"\d+(?:,\d{3})*(?:\.\d+)?", page)) - known, told)


@pytest.mark.parametrize("page", [*RESULTS.rglob("README.md")], ids=lambda page: page.parent.name)
def test_every_fraction_of_a_page_stands_in_a_committed_table(page, told):
    lines = [line for line in page.read_text().splitlines() if not line.startswith("|")]  # tables
    text = re.sub(r"```.*?```|`[^`]*`|\]\(.*?\)", "", "\n".join(lines), flags=re.DOTALL)
    known = {"44.1", "0.65"}  # kHz; of curves, held above
    assert not unknown(set(re.findall(r"(?<![\d.])\d+\.\d+(?![\d.]*\d)", text)) - known, told)


@pytest.mark.parametrize("study", STUDIES)
def test_no_number_comes_from_fewer_seeds_than_it_is_said_to(front, study):
    rows = runs_of(study)
    for row in front.read(study):
        seeds = {
            r["seed"]
            for r in rows
            if (r["model"], r["rate"], r["state"]) == (row["model"], row["rate"], "finished")
        }
        assert row["seeds"] == len(seeds) == len(row["seed_list"].split())
    fewest = min(row["seeds"] for row in front.read(study))
    for page in (front_page(), page_of(study)):
        said = [COUNTS[word] for word in re.findall(r"(\w+) seeds", page) if word in COUNTS]
        assert said
        assert max(said) <= fewest


def test_the_front_page_s_figure_can_be_made(front):
    studies = {study: front.read(study) for study in front.SHORT}
    made = front.figure(studies)
    assert [len(part.axes) for part in made.subfigs] == [len(studies), 12]
