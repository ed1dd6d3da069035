"""The augmentation against scipy, on both backends."""

import os
import subprocess
import sys

import numpy as np
import pytest
from scipy import ndimage

from cifar.augment import ShiftAndFlip, transform


def reference(images, down, right, flip):
    shifted = [
        ndimage.shift(image, (dy, dx, 0), order=1, mode="nearest")
        for image, dy, dx in zip(images, down, right, strict=True)
    ]
    return np.stack([s[:, ::-1] if f else s for s, f in zip(shifted, flip, strict=True)])


def test_equals_scipy_for_given_draws():
    rng = np.random.default_rng(0)
    images = rng.random((40, 32, 32, 3), np.float32)
    down, right = rng.uniform(-3.2, 3.2, (2, 40)).astype(np.float32)
    flip = rng.random(40) < 0.5
    moved = np.asarray(transform(images, down, right, flip))
    np.testing.assert_allclose(moved, reference(images, down, right, flip), atol=1e-5)


@pytest.mark.skipif("KERAS_BACKEND" in os.environ, reason="this is the run on JAX")
def test_equals_scipy_on_jax_too():
    pytest.importorskip("jax")
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", __file__]
    environment = os.environ | {"KERAS_BACKEND": "jax"}
    answer = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert answer.returncode == 0, answer.stdout


def test_acts_in_training_only_and_within_a_tenth():
    images = np.zeros((200, 32, 32, 1), np.float32)
    images[:, 16, 16] = 1
    layer = ShiftAndFlip()
    np.testing.assert_array_equal(layer(images, training=False), images)
    moved = np.asarray(layer(images, training=True))
    rows = (moved.sum(axis=(2, 3)) * np.arange(32)).sum(axis=1)
    assert abs(rows - 16).max() <= 3.2 + 1e-4
    assert abs(rows - 16).max() > 2.8
    assert np.asarray(layer(images, training=True)).tolist() != moved.tolist()
