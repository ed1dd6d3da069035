"""The command line as a shell sees it: output that is closed or cannot be encoded, exit codes,
and what is said about flags."""

import argparse
import ast
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from helpers import prepare_images

import audio.answer
import audio.predict
import audio.prepare
import audio.train
import cifar.answer
import cifar.predict
import cifar.prepare
import cifar.train
import helmholtz.report.__main__
import helmholtz.sweep.__main__
from helmholtz import argtypes, cli, errors, text

ROOT = Path(__file__).parents[1]
NO_UTF8 = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
CLASSES = {"dark": "dünn", "bright": "groß"}


def start(*command, **options):
    command = [sys.executable, *map(str, command)]
    return subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options
    )


@pytest.fixture(scope="module")
def train_until_closed(photos, tmp_path_factory):
    """A run of two epochs whose standard output is closed after a line: (exit code, standard
    error, folder). Its classes have names that ASCII lacks."""
    base = tmp_path_factory.mktemp("closed")
    for plain, name in CLASSES.items():
        shutil.copytree(photos / plain, base / "photos" / name)
    data = prepare_images(str(base / "photos"), [5])[5]
    flags = ["--train_dir", data, "--log_dir", base / "run", "--num_epoch", 2, "--batch_size", 16]
    process = start("cifar/train.py", *flags)
    assert process.stdout.readline().startswith("all-cnns")
    process.stdout.close()
    error = process.stderr.read()
    return process.wait(), error, base / "run"


def test_a_training_goes_on_when_its_output_is_closed(train_until_closed):
    code, error, folder = train_until_closed
    assert (code, error) == (0, "")
    assert (folder / "result.json").exists()
    assert len((folder / "history.csv").read_text().splitlines()) == 3


def test_names_that_the_locale_lacks_are_printed_as_escapes(train_until_closed, photos):
    folder = train_until_closed[2]
    flags = [photos / "dark" / "00.png", "--log_dir", folder]
    process = start("cifar/predict.py", *flags, env=os.environ | NO_UTF8)
    said, error = process.communicate()
    assert (process.returncode, error) == (0, "")
    assert "d\\xfcnn" in said
    assert "gro\\xdf" in said


def test_whatever_closes_either_stream_what_is_done_is_done(tmp_path):
    """More than a pipe holds, to both streams, of which the readers are gone."""
    program = (
        "import pathlib, sys; from helmholtz import cli\n"
        "def main():\n"
        "    for stream in (sys.stdout, sys.stderr):\n"
        "        for i in range(9999): print('x' * 99, file=stream)\n"
        f"    pathlib.Path({str(tmp_path / 'done')!r}).touch()\n"
        "cli.run(main)"
    )
    process = start("-c", program)
    process.stdout.close()
    process.stderr.close()
    assert process.wait(20) == 0
    assert (tmp_path / "done").exists()


def test_no_file_takes_the_place_of_a_stream_that_was_closed_at_the_start(tmp_path):
    program = (
        "import os, sys; from helmholtz import cli\n"
        "def main():\n"
        "    print('x', sys.stderr.isatty())\n"
        f"    with open({str(tmp_path / 'data')!r}, 'w') as file: os.write(1, b'y'); os.dup(2)\n"
        "cli.run(main)"
    )
    closed = 'exec "$@" <&- >&- 2>&-'
    code = subprocess.run(["sh", "-c", closed, "sh", sys.executable, "-c", program], cwd=ROOT)
    assert (code.returncode, (tmp_path / "data").read_text()) == (0, "")


def test_a_mistake_keeps_its_exit_code_when_output_is_closed():
    program = (
        "from helmholtz import cli, errors\n"
        "def main():\n"
        "    print('x')\n"
        "    raise errors.DataError('The data is bad.')\n"
        "cli.run(main)"
    )
    process = start("-c", program)
    process.stdout.close()
    assert process.stderr.read() == "The data is bad.\n"
    assert process.wait(20) == 3


@pytest.mark.parametrize("encoding", ["C", "C.UTF-8"])
def test_a_file_name_of_any_bytes_is_printed(encoding):
    program = "from helmholtz import cli; import os\n"
    program += "cli.run(lambda: print(os.fsdecode(b'\\xff'), chr(252)))"
    process = start("-c", program, env=os.environ | NO_UTF8 | {"LC_ALL": encoding})
    said, error = process.communicate()
    assert (process.returncode, error) == (0, "")
    assert said.strip() == ("\\udcff \\xfc" if encoding == "C" else "\\udcff ü")


def test_every_mistake_has_its_exit_code(command):
    for error, code in ((errors.UsageError, 2), (errors.DataError, 3), (errors.MachineError, 4)):

        def main(argv, error=error):
            raise error("It is so.")

        assert command(main) == (code, "It is so.\n")
        assert getattr(cli, error.__name__) is error


def test_errors_import_nothing():
    tree = ast.parse(Path(errors.__file__).read_text())
    assert not [n for n in ast.walk(tree) if isinstance(n, ast.Import | ast.ImportFrom)]


@pytest.mark.parametrize(
    ("kind", "good", "bad", "wanted"),
    [
        (argtypes.whole_number(0, 0), ["0"], ["1"], "a whole number from 0 to 0"),
        (argtypes.whole_number(1), ["1", "99"], ["0", "-1", "1.5", "x"], "a whole number of 1 or"),
        (
            argtypes.whole_number(8, 9, "pixels"),
            ["8", "9"],
            ["7", "10", "\u0668"],
            "a whole number of pixels from 8 to 9",
        ),
        (
            argtypes.number(0, 1),
            ["0", "0.99"],
            ["1", "-0.1", "nan"],
            "a number from 0 up to, but not including, 1",
        ),
        (
            argtypes.number(0.02, 600, "seconds"),
            ["0.02"],
            ["0", "600"],
            "a number of seconds from 0.02 up to, but not including, 600",
        ),
        (argtypes.number(0), ["0", "1e9"], ["-1", "inf", "nan"], "a number of 0 or more"),
        (argtypes.positive_number, ["1e-9"], ["0", "inf", "nan", ""], "a finite number above 0"),
    ],
)
def test_numbers_out_of_range_are_told_the_range(kind, good, bad, wanted):
    assert [kind(text) for text in good] == [float(text) for text in good]
    for wrong in bad:
        with pytest.raises(argparse.ArgumentTypeError) as refusal:
            kind(wrong)
        assert str(refusal.value).startswith(f"{wrong!r} is not {wanted}")


def test_one_is_singular():
    assert [text.counted(n, "epoch") for n in (0, 1, 2000)] == [
        "0 epochs",
        "1 epoch",
        "2,000 epochs",
    ]


@pytest.mark.parametrize("half", ["cifar", "audio"])
def test_a_command_that_trains_names_the_flags_that_it_passes_on(half, capsys):
    answer = {"cifar": cifar, "audio": audio}[half].answer
    for parse, words in ((answer.parse_args, []), (helmholtz.sweep.__main__.parse_args, [half])):
        with pytest.raises(SystemExit):
            parse([*words, "-h"])
        said = " ".join(capsys.readouterr().out.split())
        assert f"--source FOLDER: `python {half}/train.py -h` lists them" in said


@pytest.mark.parametrize(
    ("parse_args", "words"),
    [
        *((twin.prepare.parse_args, []) for twin in (cifar, audio)),
        *((twin.train.parse_args, []) for twin in (cifar, audio)),
        *((twin.predict.parse_args, ["x", "--log_dir", "y"]) for twin in (cifar, audio)),
        (helmholtz.report.__main__.parse_args, []),
        *((helmholtz.sweep.__main__.parse_args, [half]) for half in ("cifar", "audio")),
    ],
)
def test_no_default_is_typed_into_its_help(parse_args, words, monkeypatch):
    actions, parse = [], argparse.ArgumentParser.parse_known_args

    def parse_known_args(parser, *args, **kwargs):
        actions.extend(parser._actions)
        return parse(parser, *args, **kwargs)

    monkeypatch.setattr(argparse.ArgumentParser, "parse_known_args", parse_known_args)
    parse_args(words)
    typed = [a.dest for a in actions if a.help and f"({a.default})" in a.help]
    assert (len(actions) > 3, typed) == (True, [])


@pytest.mark.parametrize(("kill", "code"), [(True, 75), (False, 1)])
def test_an_interruption_that_comes_up_as_another_error_is_one(kill, code):
    """As where a library calls Python from C: an error there becomes one of its own."""
    program = "import os, signal\nfrom helmholtz import cli\ndef main():\n    try:\n"
    program += f"        {'os.kill(os.getpid(), signal.SIGTERM)' if kill else 'pass'}\n"
    program += "    except KeyboardInterrupt:\n        pass\n    raise SystemError('from C')\n"
    command = [sys.executable, "-c", program + "cli.run(main)"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, "Interrupted" in done.stderr) == (code, kill), done.stderr
