"""A classifier that is no Keras, from its lines to the report; and programs that go wrong."""

import json
import sys
import time

import pandas as pd
import pytest
from helpers import write_clips
from PIL import Image

from helmholtz.analysis import logs
from helmholtz.blackbox import __main__ as blackbox
from helmholtz.blackbox import program
from helmholtz.errors import DataError
from helmholtz.io import predictions
from helmholtz.io.scratch import LOCK
from helmholtz.report import __main__ as report

CLASSIFIER = """
import sys
from pathlib import Path
import numpy as np
from PIL import Image
from sklearn.neighbors import NearestCentroid
pixels = lambda path: np.asarray(Image.open(path)).ravel()
known = sorted(Path(sys.argv[1]).rglob("*.png"))
fitted = NearestCentroid().fit([pixels(p) for p in known], [p.parent.name for p in known])
for path in sorted(Path(sys.argv[2]).iterdir()):
    print(f"{path.name},{fitted.predict([pixels(path)])[0]}")
"""
LISTENER = """
import os, sys, wave
for name in sorted(os.listdir(sys.argv[1])):
    with wave.open(os.path.join(sys.argv[1], name)) as sound:
        print(name, sys.argv[2] if sound.getnframes() == 13230 else "", sep=",")
"""
PYTHON = [sys.executable, "-c"]


@pytest.fixture
def words(photos, tmp_path):
    return ["cifar", "--source", photos, "--log_dir", tmp_path / "logs", "--limit", 12]


def test_a_classifier_of_scikit_learn_goes_through_the_whole_report(command, words, tmp_path):
    photos = words[2]
    rates = ["--quality", 0, 1, 10]
    box = [*PYTHON, CLASSIFIER, photos, "{folder}"]
    assert command(blackbox.main, *words, *rates, "--", *box) == (0, "")
    folders = sorted(path.parent for path in tmp_path.rglob("result.json"))
    places = [folder.relative_to(tmp_path / "logs").parts[2:4] for folder in folders]
    assert places == [("blackbox", f"quality_{rate}") for rate in (0, 1, 10)]
    for folder in folders:
        found = predictions.read(folder / "predictions.csv")
        result = json.loads((folder / "result.json").read_text())
        assert result["test_acc"] == found.correct.mean() == 1
        assert result["test_items"] == 12
    out = tmp_path / "out"
    assert command(report.main, tmp_path / "logs", "--out", out) == (0, "")
    table = pd.read_csv(out / "summary.csv")
    assert table.rate.tolist() == [0, 1, 10]
    assert set(table.accuracy) == {1}
    assert (table.file_bytes[1:] < 3072).all()
    assert "not trained here, judged once on 12 test items" in (out / "index.html").read_text()
    assert json.loads((out / "summary.json").read_text())["answers"][0]["missing"] == []
    assert [run.row["test_acc"] for run in logs.read_table(out / "runs.csv")] == [1, 1, 1]

    code, error = command(blackbox.main, *words, *rates, "--", *box)
    assert (code, "--overwrite" in error) == (2, True)


def test_files_are_decoded_and_their_names_tell_nothing(photos, tmp_path, command):
    copy = "import shutil, sys; shutil.copytree(sys.argv[1], sys.argv[2])"
    flags = ["cifar", "--source", photos, "--quality", 0, "--log_dir", tmp_path / "logs"]
    assert command(blackbox.main, *flags, "--", *PYTHON, copy, "{folder}", tmp_path / "got")[0] == 3
    got = sorted((tmp_path / "got").iterdir())
    assert [path.name for path in got] == [f"{number:06d}.png" for number in range(16)]
    originals = {Image.open(p).tobytes(): p.parent.name for p in photos.rglob("*.png")}
    classes = [originals[Image.open(path).tobytes()] for path in got]
    assert classes not in (sorted(classes), sorted(classes, reverse=True))


def test_sounds_are_given_as_wav(command, tmp_path):
    flags = ["audio", "--source", write_clips(tmp_path / "clips"), "--bitrate", 64]
    flags += ["--log_dir", tmp_path, "--name", "first", "--seed", 2, "--"]
    code, error = command(blackbox.main, *flags, *PYTHON, LISTENER, "{folder}", "low")
    assert (code, error) == (0, "")
    (folder,) = (path.parent for path in tmp_path.rglob("result.json"))
    assert folder.relative_to(tmp_path).parts[2:] == ("first", "bitrate_64", "seed_2")
    found = predictions.read(folder / "predictions.csv")
    assert (len(found.item), set(found.predicted)) == (4, {1})


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("import sys; sys.exit(3)", "ended with exit code 3"),
        ("import os; os.kill(os.getpid(), 9)", "ended by signal 9"),
        ("import time; time.sleep(60)", "did not end within 2 s"),
        ("import os, time\nif os.fork() == 0: time.sleep(60)", "did not end within 2 s"),
        ("print('Loading ...')", "line 1 is not `file,class`: 'Loading ...'"),
        ("print('000000.png,dark')", "11 of 12 files are missing, such as '000001.png'"),
        ("print('a.png,dark')", "line 1 names 'a.png', which is not one of the files"),
        ("print('000000.png,cat')", "line 1 names 'cat', which is not one of the classes"),
        ("print('000000.png,dark\\n' * 2)", "line 2 names the file '000000.png' again"),
        ("import sys; sys.stdout.buffer.write(bytes(range(256)))", "Nothing is kept"),
        ("pass", "12 of 12 files are missing"),
    ],
)
def test_a_program_that_goes_wrong_is_a_sentence_and_nothing_is_kept(
    command, words, tmp_path, code, said
):
    started = time.monotonic()
    flags = ["--quality", 5, "--timeout", 2, "--", *PYTHON, code, "{folder}"]
    exit_code, error = command(blackbox.main, *words, *flags)
    assert (exit_code, error.count("\n")) == (3, 1), error
    assert said in error
    assert "At quality 5" in error
    assert not (tmp_path / "logs").exists()
    assert time.monotonic() - started < 30


def test_a_daemon_that_a_program_leaves_behind_is_not_waited_for():
    started = time.monotonic()
    code = "import os, time\nprint('a.png,dark', flush=True)\n"
    code += "if os.fork() == 0:\n    os.setsid()\n    time.sleep(20)"
    assert program.run([*PYTHON, code], timeout=15) == "a.png,dark\n"
    assert time.monotonic() - started < 12


def test_a_program_may_go_on_once_it_has_printed(tmp_path):
    code = "import os, time\nprint('a.png,dark', flush=True)\nos.close(1)\ntime.sleep(1)\n"
    code += f"open({str(tmp_path / 'done')!r}, 'w')"
    assert program.run([*PYTHON, code], timeout=15) == "a.png,dark\n"
    assert (tmp_path / "done").exists()


def test_the_files_lie_where_those_of_a_killed_one_are_found_again(command, words):
    """In a scratch folder, whose lock is beside them and none of the program's."""
    look = "import os, sys; print(*os.listdir(os.path.dirname(sys.argv[1])), sys.argv[1])"
    flags = ["--quality", 5, "--", *PYTHON, look, "{folder}"]
    _, error = command(blackbox.main, *words, *flags)
    assert LOCK in error
    assert "helmholtz-blackbox-" in error


def test_a_program_that_cannot_be_started_and_flags_that_are_wrong(command, words):
    def refused(*rest):
        code, error = command(blackbox.main, *words, *rest)
        assert (code, error.count("\n")) == (2, 1)
        return error

    assert "cannot be started" in refused("--quality", 5, "--", "no-such-program", "{folder}")
    assert "Give the program after the flags" in refused("--quality", 5)
    assert "Give the program after the flags" in refused("--quality", 5, "--", "program")
    assert "101" in refused("--quality", 101, "--", "program", "{folder}")
    assert "another --name" in refused("--name", "quick", "--", "program", "{folder}")
    assert "letters" in refused("--name", "a/b", "--", "program", "{folder}")


def test_lines_may_have_paths_quotes_and_a_header():
    files, classes = ["1.png", "2.png"], ["cat", "big, dog"]
    text = 'file,class\r\n/tmp/x/2.png, cat\r\n"1.png","big, dog"\r\n\r\n'
    assert program.read(text, files, classes) == [1, 0]


def test_endless_output_is_stopped(monkeypatch):
    monkeypatch.setattr(program, "MAX_BYTES", 1000)
    with pytest.raises(DataError, match="printed more than"):
        program.run(["yes"], 20)
