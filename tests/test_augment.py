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


@pytest.mark.parametrize(("height", "width"), [(32, 32), (12, 40), (30, 9)])
def test_equals_scipy_for_given_draws(height, width):
    rng = np.random.default_rng(0)
    images = rng.random((40, height, width, 3), np.float32)
    down = rng.uniform(-0.1 * height, 0.1 * height, 40).astype(np.float32)
    right = rng.uniform(-0.1 * width, 0.1 * width, 40).astype(np.float32)
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


HEIGHT, WIDTH, ROW, COLUMN = 20, 50, 10, 15  # a point left of the middle, so that a flip shows


@pytest.fixture(scope="module")
def draws():
    """For each of 2,000 images: how far the layer moved a point down and right, and if it flipped.

    The point is drawn over several pixels, and its middle tells fractions of them.
    """
    images = np.zeros((2000, HEIGHT, WIDTH, 1), np.float32)
    images[:, ROW, COLUMN] = 1
    moved = np.asarray(ShiftAndFlip()(images, training=True))[..., 0]
    np.testing.assert_allclose(moved.sum(axis=(1, 2)), 1, atol=1e-5)
    row = moved.sum(axis=2) @ np.arange(HEIGHT)
    column = moved.sum(axis=1) @ np.arange(WIDTH)
    flipped = column > WIDTH / 2
    right = np.where(flipped, WIDTH - 1 - column, column) - COLUMN
    return row - ROW, right, flipped


def test_shifts_are_uniform_within_a_tenth_of_each_side(draws):
    down, right, _ = draws
    for distance, largest in ((down, 0.1 * HEIGHT), (right, 0.1 * WIDTH)):
        assert np.abs(distance).max() <= largest + 1e-4
        quarters = np.histogram(distance, 4, (-largest - 1e-4, largest + 1e-4))[0]
        assert (np.abs(quarters - 500) < 100).all()  # five standard deviations
        assert (np.abs(distance - distance.round()) > 0.1).mean() > 0.6  # not whole pixels


def test_half_of_the_images_are_flipped_left_to_right_and_none_upside_down(draws):
    _, _, flipped = draws
    assert abs(flipped.mean() - 0.5) < 0.06
    rising = np.repeat(np.linspace(0, 1, HEIGHT, dtype=np.float32)[None, :, None, None], 50, 0)
    moved = np.asarray(ShiftAndFlip()(rising.repeat(WIDTH, axis=2), training=True))
    assert (np.diff(moved, axis=1) >= -1e-6).all()


def test_down_right_and_flip_are_drawn_apart(draws):
    assert np.abs(np.corrcoef(draws) - np.eye(3)).max() < 0.1


def test_the_edge_is_repeated_and_judging_changes_nothing():
    white = np.ones((50, HEIGHT, WIDTH, 3), np.float32)
    np.testing.assert_allclose(ShiftAndFlip()(white, training=True), white, atol=1e-6)
    images = np.random.default_rng(0).random((5, HEIGHT, WIDTH, 3), np.float32)
    for chosen in ({"training": False}, {}):
        np.testing.assert_array_equal(ShiftAndFlip()(images, **chosen), images)


def test_every_call_draws_anew():
    images = np.random.default_rng(0).random((5, HEIGHT, WIDTH, 3), np.float32)
    layer = ShiftAndFlip()
    first, second = (np.asarray(layer(images, training=True)) for _ in range(2))
    assert np.abs(first - second).mean() > 0.01
