"""The README and docs/: every code block is run or parsed, every link and flag exists."""

import contextlib
import importlib
import io
import json
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from pages import DOCS, PAGES, README, ROOT, STUDIES, anchors, blocks, commands, name, prose, trees
from PIL import Image

from cifar import codecs as image_codecs
from cifar import domain as images
from cifar import train as cifar_train
from helmholtz import domain
from helmholtz.answer.trials import Trials
from helmholtz.sweep import __main__ as sweep
from helmholtz.sweep import conduct, plan
from helmholtz.training.backend import BACKENDS

LANGUAGES = {"sh", "python", "text"}
SECTION_OF_FIGURES = "## How much data, how many seeds, how long"
PLACES = r"(?<![\w.~>])/(?:home|root|work|tmp|usr|mnt|opt|Users)/"  # of somebody's machine
FOREIGN = {"ray", "tensorboard", "pip", ".", "cd"}  # commands that are not ours
FOREIGN_FLAGS = {"--array", "--gres", "--time", "--signal", "--batch", "--head", "--port"}
FOREIGN_FLAGS |= {
    "--logdir",
    "--kills",
    "--quick",
    "--locked",
    "--cuda",
    "--lowest",
    "--minutes",
    "--survivors",
}
PROGRAMS = ["cifar.train", "audio.train", "cifar.prepare", "audio.prepare", "cifar.predict"]
PROGRAMS += ["audio.predict", "cifar.evaluate", "audio.evaluate", "helmholtz.report"]
PROGRAMS += [
    "cifar.answer",
    "audio.answer",
    "helmholtz.audit",
    "helmholtz.export",
    "helmholtz.blackbox",
]


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A home with the data that the pages name, and a checkout whose python says what it gets."""
    folder = tmp_path_factory.mktemp("home")
    for source in ("photos", "cifar10-jpeg", "sounds", "spoken"):
        for label in ("cat", "dog"):
            (folder / source / label).mkdir(parents=True)
            for file in ("1.jpg", "2.jpg", "1.wav", "Roland 2.wav"):
                (folder / source / label / file).touch()
    (folder / "recordings").mkdir()
    for speaker in ("jackson", "theo"):
        (folder / "recordings" / f"0_{speaker}_0.wav").touch()
    for file in ("mine.py", "mobilenet.h5"):
        (folder / file).touch()
    for scripts in ("scripts", "cifar/scripts", "audio/scripts"):
        shutil.copytree(ROOT / scripts, folder / "checkout" / scripts)
    python = folder / "checkout" / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text('#!/bin/sh\n[ "$1" = -c ] || echo "$@"\n')
    python.chmod(0o755)
    for file in ("requirements.txt", "requirements.lock", "pyproject.toml"):
        shutil.copy(ROOT / file, folder / "checkout")
    setup = folder / "checkout" / "scripts" / "setup.sh"
    setup.rename(setup.with_name("real-setup.sh"))
    setup.touch()
    return folder


@pytest.mark.parametrize(
    ("page", "folder", "words"),
    [pytest.param(*c, id=f"{name(c[0])}: {' '.join(c[2])}"[:90]) for c in commands()],
)
def test_a_command_of_the_pages_can_be_typed(page, folder, words, home):
    while re.fullmatch(r"[A-Z_]+=.*", words[0]):
        variable, value = words[0].split("=")
        assert variable in ("KERAS_BACKEND", "HELMHOLTZ_DATA", "PYTHONPATH")
        assert variable != "KERAS_BACKEND" or value in BACKENDS
        words = words[1:]
    words = words[: words.index(">")] if ">" in words else words
    words = [re.sub(r"^~(?=/)", str(home), word) for word in words]
    words = [str(home / "photos") if word == "FOLDER" else word for word in words]
    if words[0] == "python":
        check_python(folder, words[1:])
    elif words[0] == "sh":
        check_script(folder / words[1], words[2:], home)
    elif words[0] == "sbatch":
        script = next(i for i, word in enumerate(words) if word.endswith(".sbatch"))
        assert (folder / words[script]).exists()
        if "prepare" in words[script]:
            parser_of(f"{words[script + 1]}.prepare")(words[script + 2 :])
        else:
            check_sweep(words[script + 1 :])
    else:
        assert words[0] in FOREIGN
        assert words[:2] != ["pip", "install"] or (folder / words[-1]).exists()


def check_python(folder, words):
    """What follows `python`: a program of ours, and flags that it takes."""
    if words[0] == "-m":
        module, flags = words[1], words[2:]
    else:
        path = folder / words[0]
        assert path.exists()
        module, flags = ".".join(path.relative_to(ROOT).with_suffix("").parts), words[1:]
    if module == "pytest":
        assert all((folder / word).exists() for word in flags if not word.startswith("-"))
    elif module == "helmholtz.sweep":
        check_sweep(flags)
    elif module.endswith(".answer"):
        assert Trials(*parser_of(module)(flags), seeds=1).runs
    elif module in PROGRAMS:
        parser_of(module)(flags)
    else:
        assert not flags


def parser_of(module):
    package = module.startswith("helmholtz.")
    return importlib.import_module(module + ".__main__" * package).parse_args


def check_sweep(flags):
    args, rest = sweep.parse_args(flags)
    conduct.check_engine_flags(args)
    assert plan.plan(args, rest)


def check_script(path, flags, home):
    """A script: run in the checkout whose python only says what it is asked."""
    assert path.exists()
    if path.parent.name == "benchmarks":
        assert set(flags) <= {"--quick", "IMAGES", "SOUNDS"}
        return
    checkout = home / "checkout"
    script = checkout / path.relative_to(ROOT)
    script = script.with_name("real-setup.sh") if script.name == "setup.sh" else script
    done = subprocess.run(["sh", script, *flags], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout or path.name in ("setup.sh", "hold-out.sh", "spoken-digits.sh")
    for line in done.stdout.splitlines() if path.name != "setup.sh" else []:
        check_python(ROOT, shlex.split(line))


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_code_block_is_of_a_kind_that_is_checked(page):
    text = page.read_text()
    assert set(re.findall(r"^```(.*)$", text, re.M)[::2]) <= LANGUAGES
    assert not re.findall(r"^ {4}", prose(page), re.M)  # a block without a fence
    parsed = len(blocks(page, "sh")) + len(blocks(page, "python")) + len(blocks(page, "text"))
    assert 2 * parsed == text.count("\n```")


@pytest.fixture(scope="module")
def run(photos, tmp_path_factory):
    """The folder of a finished run of an epoch, with a photo.jpg beside it."""
    folder = tmp_path_factory.mktemp("run")
    flags = ["--source", photos, "--quality", 5, "--limit", 16, "--num_epoch", 1]
    cifar_train.main([str(f) for f in [*flags, "--log_dir", folder]])
    Image.new("RGB", (50, 40), "red").save(folder / "photo.jpg")
    return folder


def test_the_readme_s_program_reads_a_model_and_predicts(run, monkeypatch, capsys):
    (block,) = blocks(README, "python")
    monkeypatch.chdir(run)
    capsys.readouterr()
    exec(compile(block, "README.md", "exec"), {})
    said = capsys.readouterr().out
    probabilities = [float(number) for number in re.findall(r"\d\.[\de-]+", said)]
    assert len(probabilities) == 2
    assert sum(probabilities) == pytest.approx(1, abs=1e-5)


def test_a_run_holds_the_files_that_logs_readme_lists(run):
    (block,) = blocks(ROOT / "logs" / "README.md", "text")
    listed = {line.split()[0] for line in block.splitlines() if line.startswith("  ")}
    assert {file for file in listed if not list(run.glob(file))} == {"train.log"}  # of a sweep
    files = {file.name for file in run.iterdir()} - {"photo.jpg", ".lock"}
    assert all(any(Path(file).match(pattern) for pattern in listed) for file in files)


def test_the_examples_of_development_are_taken_by_the_commands():
    kept = dict(image_codecs.TABLE), dict(images.NETWORKS)
    try:
        for block in blocks(ROOT / "docs" / "development.md", "python"):
            exec(compile(block, "development.md", "exec"), {"__name__": "development"})
        args = cifar_train.parse_args(["--codec=bits", "--quality=4", "--model=linear"])
        pixels = np.arange(3072, dtype=np.uint8).reshape(32, 32, 3)
        decoded, size, _ = image_codecs.TABLE[args.codec].compress(pixels, args.quality)
        assert len(np.unique(decoded)) == 16
        assert 0 < size < pixels.nbytes
        assert image_codecs.TABLE["bits"].version().startswith("zlib 1")
        network = images.NETWORKS[args.model].build((32, 32, 3), 10)
        assert network.count_params() == 30_730
    finally:
        for table, before in zip((image_codecs.TABLE, images.NETWORKS), kept, strict=True):
            table.clear()
            table.update(before)


@pytest.mark.parametrize("page", [README, ROOT / "docs" / "own-data.md"], ids=name)
def test_the_folders_that_are_drawn_are_understood(page, tmp_path):
    from audio.sources import open_source as open_sounds
    from cifar.sources import open_source as open_images

    drawn = list(trees(page))
    assert len(drawn) == 2
    for number, files in enumerate(drawn):
        for path in [tmp_path / str(number) / file for file in files]:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
        root = tmp_path / str(number) / files[0].split("/")[0]
        opened = (open_sounds if root.name == "sounds" else open_images)(str(root))
        classes, parts, facts = opened.load()
        assert len(classes) == 2
        assert not facts["ignored"]
        assert sum(len(items) for items, _ in parts.values()) == len(files)


def test_the_files_that_development_lists_exist():
    (block,) = blocks(ROOT / "docs" / "development.md", "text")
    above, listed = Path(), 0
    for line in block.splitlines():
        names = re.split(r"  +", line.strip())[0].split()
        above = Path(names[0]) if not line.startswith(" ") else above
        for entry in names:
            assert (ROOT / (above / entry if line.startswith(" ") else entry)).exists(), entry
            listed += 1
    assert listed > 30


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_link_of_a_page_resolves(page):
    links = re.findall(r"\]\(([^)\s]+)\)", page.read_text())
    for link in [link for link in links if not link.startswith("https://")]:
        target, _, anchor = link.partition("#")
        file = (page.parent / target).resolve() if target else page
        assert file.exists(), link
        assert ROOT in file.parents
        assert not anchor or anchor in anchors(file), link


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_files_and_flags_that_a_page_names_exist(page):
    inline = re.findall(r"`([^`]+)`", prose(page))
    for path in {
        path for code in inline for path in re.findall(r"^(?:\w+/)+\w+\.(?:py|sh|md)$", code)
    }:
        assert (ROOT / path).exists(), path
    named = {flag for code in inline for flag in re.findall(r"(?<![\w-])--[a-z]\w*", code)}
    assert named <= flags_of_all_programs() | FOREIGN_FLAGS


def flags_of_all_programs():
    parsers = [(parser_of(module), []) for module in PROGRAMS]
    for parse in (sweep.parse_args, parser_of("helmholtz.blackbox")):
        parsers += [(parse, [half]) for half in ("cifar", "audio")]
    said = io.StringIO()
    for parse, words in parsers:
        with contextlib.redirect_stdout(said), contextlib.suppress(SystemExit):
            parse([*words, "-h"])
    return set(re.findall(r"--[a-z]\w*", said.getvalue()))


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_no_page_names_a_place_on_somebody_s_machine(page):
    assert not re.findall(PLACES, page.read_text())


def test_the_readme_is_read_in_one_sitting():
    assert len(README.read_text().splitlines()) <= 160


def test_the_readme_links_every_page_of_docs():
    links = re.findall(r"\]\((docs/[\w-]+\.md)", README.read_text())
    assert {ROOT / link for link in links} == set(DOCS)


def test_the_readme_s_networks_are_those_of_the_settings():
    rows = re.findall(r"^\| (\d) \| (\S+) \| (\S+) \| (\S+) \| (\S+) \|$", README.read_text(), re.M)
    assert [int(row[0]) for row in rows] == list(range(6))
    for column, half in ((1, "cifar"), (3, "audio")):
        assert [row[column] for row in rows] == list(domain.get(half).networks)[:6]
        for row in rows:
            parameters = row[column + 1].replace(",", "")
            assert (ROOT / f"{half}_paras" / f"{parameters}_{row[column]}.txt").exists()


@pytest.mark.parametrize(("page", "half"), [("images", "cifar"), ("sound", "audio")])
def test_the_rates_of_the_published_sweep_are_told(page, half):
    *first, last = domain.get(half).published.grid
    said = " ".join((ROOT / "docs" / f"{page}.md").read_text().split())
    assert f"published sweep is {', '.join(map(str, first))} and {last}." in said


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_a_quoted_answer_is_that_of_a_study(page):
    given = [
        f"{answer['model']}: {answer['sentence']}"
        for path in (ROOT / "results").glob("*/summary.json")
        for answer in json.loads(path.read_text())["answers"]
    ]
    assert set(re.findall(r"^> (.*)$", page.read_text(), re.M)) <= set(given)


@pytest.mark.parametrize("page", DOCS, ids=name)
def test_a_page_of_docs_says_first_whom_it_is_for(page):
    title, opening = page.read_text().split("\n\n")[:2]
    assert title.startswith("# ")
    assert opening.startswith("For anyone who ")


def test_the_figures_of_time_and_data_were_measured():
    section = README.read_text().split(SECTION_OF_FIGURES)[1].split("\n## ")[0]
    measured = "\n".join(p.read_text() for p in [*STUDIES, ROOT / "benchmarks" / "RESULTS.md"])
    finished = {
        json.loads(path.read_text())["states"]["finished"]
        for path in (ROOT / "results").glob("*/summary.json")
    }
    for number in set(re.findall(r"\d+(?:,\d{3})*(?:\.\d+)?", re.sub(r"`.*?`", "", section))):
        known = re.search(rf"(?<![\d.,]){re.escape(number)}(?![\d]|[.,]\d)", measured)
        assert known or {int(number)} == finished, number
