"""The sound networks that learn quickly, and the augmentation of their clips."""

import json

import numpy as np
import pytest
import soundfile

from audio import train
from audio.augment import ShiftAndMask
from audio.domain import DOMAIN


@pytest.mark.parametrize(("name", "parameters"), [("quick", 79_772), ("strong", 1_184_364)])
def test_a_network_takes_clips_of_any_length(name, parameters):
    build = DOMAIN.networks[name].build
    assert build((96, 173, 1), 12).count_params() == parameters
    for frames in (9, 44, 400):
        given = build((32, frames, 2), 3)(np.zeros((2, 32, frames, 2), np.float32))
        np.testing.assert_allclose(np.asarray(given).sum(axis=1), 1, atol=1e-5)


def test_clips_are_shifted_in_time_and_masked_in_training_only():
    clips = np.random.default_rng(0).normal(size=(200, 20, 50, 1)).astype(np.float32)
    layer = ShiftAndMask()
    np.testing.assert_array_equal(layer(clips, training=False), clips)
    seen = np.asarray(layer(clips, training=True))
    shifts, hidden = set(), []
    for clip, other in zip(clips[..., 0], seen[..., 0], strict=True):
        kept = ~np.isclose(other, clip.mean(), atol=1e-6)
        hidden.append(1 - kept.mean())
        fits = [
            n for n in range(-5, 6)
            if np.array_equal(other[kept], clip[:, np.clip(np.arange(50) - n, 0, 49)][kept])
        ]  # fmt: skip
        assert len(fits) == 1
        shifts.update(fits)
    assert shifts == set(range(-5, 6))
    assert max(hidden) < 0.2  # a tenth of the mels and a tenth of the frames at most
    assert np.mean(hidden) > 0.03


def test_the_last_epoch_counts_and_all_training_clips_train(tmp_path):
    rng = np.random.default_rng(0)
    for name, hz in (("low", 200), ("high", 3000)):
        (tmp_path / "in" / name).mkdir(parents=True)
        for i in range(10):
            tone = 0.3 * np.sin(2 * np.pi * hz * rng.uniform(0.9, 1.1) * np.arange(8820) / 44100)
            soundfile.write(tmp_path / "in" / name / f"{i}.wav", tone, 44100)
    flags = ["--source", str(tmp_path / "in"), "--bitrate", "0", "--mono", "--mels", "32"]
    flags += ["--model", "quick", "--num_epoch", "2", "--precision", "float32"]
    train.main([*flags, "--log_dir", str(tmp_path / "run")])
    result = json.loads((tmp_path / "run" / "result.json").read_text())
    assert (result["train_items"], result["val_items"], result["test_items"]) == (16, 0, 4)
    assert (result["counted_epoch"], result["best_val_acc"]) == ("last", None)
    assert 0 <= result["test_acc"] <= 1
