"""Prepared data for tests, made by the real commands, and what runs have left."""

import csv
from pathlib import Path

import h5py
import numpy as np
import pytest
import soundfile
from scipy import signal

from audio import prepare as audio_prepare
from audio.domain import DOMAIN as SOUND
from cifar import prepare as cifar_prepare
from cifar.domain import DOMAIN as IMAGES
from helmholtz import cli
from helmholtz.data import prepare_command
from helmholtz.training import train_command


def prepare_images(source, qualities, *flags) -> dict[int, Path]:
    """The folders of images prepared at some qualities."""
    return _prepare(IMAGES, cifar_prepare, "--quality", source, qualities, flags)


def prepare_sounds(source, bitrates, *flags) -> dict[int, Path]:
    """The folders of sounds prepared at some bitrates."""
    return _prepare(SOUND, audio_prepare, "--bitrate", source, bitrates, flags)


def _prepare(domain, program, rate, source, rates, flags) -> dict[int, Path]:
    words = ["--source", source, *flags, rate, *rates]
    args = program.parse_args([str(word) for word in words])
    return prepare_command.prepare(domain, args, domain.codecs[args.codec[0]], rates)


def load_images(args):
    """The data that parsed flags of cifar/train.py ask for."""
    return train_command.load(IMAGES, args)


def load_sounds(args):
    return train_command.load(SOUND, args)


def write_clips(folder, seconds=0.3) -> Path:
    """A folder of two classes, low and high, of 10 clips each."""
    times = np.arange(round(seconds * 44_100)) / 44_100
    for name, pitch in (("low", 220), ("high", 3520)):
        (folder / name).mkdir(parents=True)
        for i in range(10):
            samples = 0.5 * np.sin(2 * np.pi * (pitch + i) * times)
            soundfile.write(folder / name / f"{i}.wav", samples, 44_100)
    return folder


def rows(folder) -> list[dict]:
    """The epochs of a run, as text, without their seconds."""
    with open(folder / "history.csv") as file:
        return [{k: v for k, v in row.items() if k != "seconds"} for row in csv.DictReader(file)]


def weights(path) -> dict:
    """The arrays of a run's best.weights.h5, or of another file, by name."""
    with h5py.File(path / "best.weights.h5" if path.is_dir() else path) as file:
        found = {}
        file.visititems(lambda name, x: found.update({name: x[()]} if hasattr(x, "shape") else {}))
    return found


def predict_with_bad_files(main, run, good, cut, capsys) -> str:
    """Predict good files between bad ones, all but cut of which are checked: what is said of it."""
    missing, folder = cut.with_stem("none"), good[1].parent
    files = [missing, good[0], cut, folder, good[1]]
    with pytest.raises(SystemExit) as stop:
        cli.run(lambda: main([*map(str, files), "--log_dir", str(run)]))
    out, error = capsys.readouterr()
    assert stop.value.code == 3
    assert [line.split(": ")[0] for line in out.splitlines()] == [str(path) for path in good]
    first, said, last = error.splitlines()
    assert (first, said.split()[0]) == (f"{missing} does not exist.", str(cut))
    assert last == f"{folder} is a folder, not a file."
    return said


def ringing(sample_rate=44_100, channels=1, seconds=0.7, seed=0) -> np.ndarray:
    """A hit that rings, in a band that every rate keeps: float32, frames x channels."""
    frames = round(seconds * sample_rate)
    noise = np.random.default_rng(seed).standard_normal((frames, channels))
    band = signal.butter(2, [200, 1500], "band", fs=sample_rate, output="sos")
    hit = signal.sosfilt(band, noise, 0) * np.exp(-5 * np.arange(frames) / sample_rate)[:, None]
    return (0.8 * hit / np.abs(hit).max()).astype(np.float32)


def lag(samples, source) -> int:
    """By how many samples the one is later than the other, by cross-correlation."""
    return int(signal.correlate(samples, source).argmax()) - (len(source) - 1)
