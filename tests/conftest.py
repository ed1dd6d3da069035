"""What all tests share: a command run in this process, and data made once."""

import os
import shutil
import signal
from pathlib import Path

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "2"
os.environ.pop("HELMHOLTZ_DATA", None)

import numpy as np
import pytest
from PIL import Image

from cifar import sources
from helmholtz import cli
from helmholtz.data.folders import folder_name

# A job in the background of a shell ignores Ctrl-C, and so would the commands that tests start.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def command(capsys):
    """Run a command's main as its entry point does; gives (exit code, standard error)."""

    def run(main, *argv):
        try:
            cli.run(lambda: main([str(a) for a in argv]))
        except SystemExit as stop:
            return stop.code, capsys.readouterr().err
        return 0, capsys.readouterr().err

    return run


@pytest.fixture(autouse=True)
def _own_folders(tmp_path_factory, monkeypatch):
    """Keep prepared data and logs out of the checkout; prepared data is shared by the session."""
    base = tmp_path_factory.getbasetemp()
    monkeypatch.setattr("helmholtz.io.datadir.ROOT", base)
    monkeypatch.setattr("helmholtz.io.runs.LOGS", base / "logs")


@pytest.fixture(scope="session")
def photos(tmp_path_factory):
    """A folder of two classes, dark and bright, of 40 noisy PNG images each."""
    folder = tmp_path_factory.mktemp("photos")
    rng = np.random.default_rng(0)
    for name, level in (("dark", 60), ("bright", 190)):
        (folder / name).mkdir()
        for i in range(40):
            pixels = rng.normal(level, 20, (32, 32, 3)).clip(0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(folder / name / f"{i:02d}.png")
    yield folder
    # Commands that tests start as processes prepare their data in the checkout.
    shutil.rmtree(Path(sources.__file__).parent / "data" / folder_name(folder), ignore_errors=True)
