"""The sound networks that learn quickly, and the augmentation of their clips."""

import json

import numpy as np
import pytest
import soundfile
from layers import FLATTEN, RELU, SOFTMAX, dense, normed, plain_conv, pool, told_all

from audio import augment, train
from audio.augment import ShiftAndMask
from audio.constants import QUICK
from audio.domain import DOMAIN


@pytest.mark.parametrize(("name", "parameters"), [("quick", 79_772), ("strong", 1_184_364)])
def test_a_network_takes_clips_of_any_length(name, parameters):
    build = DOMAIN.networks[name].build
    assert build((96, 173, 1), 12).count_params() == parameters
    for frames in (9, 44, 400):
        given = build((32, frames, 2), 3)(np.zeros((2, 32, frames, 2), np.float32))
        np.testing.assert_allclose(np.asarray(given).sum(axis=1), 1, atol=1e-5)


@pytest.mark.parametrize(("name", "frames"), [("quick", 22), ("strong", 11)])
def test_every_layer_takes_the_network_s_widths(name, frames):
    first, *rest = QUICK[name]
    norm = [normed(0.9), RELU]
    groups = [
        [plain_conv(n), pool("MaxPooling2D", (2, 2), "same"), *norm, plain_conv(n), *norm]
        for n in rest
    ]
    network = DOMAIN.networks[name].build((96, 173, 1), 12)
    assert told_all(network) == [
        *(normed(0.9, scale=False, center=False, axis=1), plain_conv(first, 5, 2), *norm),
        *(layer for group in groups for layer in group),
        pool("AveragePooling2D", (1, frames), "valid"),
        *({**FLATTEN, "trainable": True}, dense(12, "linear") | {"trainable": True}),
        SOFTMAX | {"trainable": True},
    ]
    assert (network.name, network.layers[-1].compute_dtype) == (name, "float32")


def test_a_band_is_as_wide_and_as_far_on_as_was_drawn():
    for place, width, wanted in (
        *((0.0, 1.0, (0, 5)), (1.0, 1.0, (45, 50)), (0.5, 0.5, (24, 26)), (0.0, 0.19, (0, 0))),
        *((0.0, 0.2, (0, 1)), (0.11, 1.0, (5, 9)), (1.0, 0.0, (50, 50))),
    ):
        draws = (np.array([x], np.float32) for x in (place, width))
        band = np.asarray(augment._band(*draws, 50))[0]
        assert np.flatnonzero(band).tolist() == list(range(*wanted)), (place, width)


def test_a_clip_that_begins_later_repeats_its_edges():
    clips = np.random.default_rng(0).normal(size=(3, 2, 6, 1)).astype(np.float32)
    found = np.asarray(augment._shifted(clips, np.array([0, 2, -9], np.float32)))
    np.testing.assert_array_equal(found[0], clips[0])
    np.testing.assert_array_equal(found[1], clips[1][:, [0, 0, 0, 1, 2, 3]])
    np.testing.assert_array_equal(found[2], clips[2][:, [5] * 6])


def test_the_shift_and_both_bands_are_drawn_apart(monkeypatch):
    band, shifted, drawn = augment._band, augment._shifted, []

    def noted_band(place, width, size):
        drawn.extend([place, width])
        return band(place, width, size)

    def noted_shift(clips, frames):
        drawn.append(frames)
        return shifted(clips, frames)

    monkeypatch.setattr(augment, "_band", noted_band)
    monkeypatch.setattr(augment, "_shifted", noted_shift)
    ShiftAndMask()(np.zeros((3000, 8, 40, 1), np.float32), training=True)
    correlations = np.corrcoef([np.asarray(one) for one in drawn])
    assert correlations.shape == (5, 5)
    assert np.abs(correlations - np.eye(5)).max() < 0.1


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
