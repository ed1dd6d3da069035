"""The embedded images."""

import numpy as np

from cifar import sample
from cifar.jpeg import compress


def test_a_seed_gives_the_same_images_and_splits_differ():
    first, labels, _ = sample.make("train", 20)
    np.testing.assert_array_equal(first, sample.make("train", 20)[0])
    assert labels.tolist() == list(range(10)) * 2
    assert not np.array_equal(first, sample.make("test", 20)[0])


def test_the_noise_has_the_entropy_that_is_claimed():
    """Photograph the same scene many times: the histogram's entropy is the noise in it."""
    rng = np.random.default_rng(0)
    for level in (0.0, 3.3, 128.0, 250.0):
        photo = sample.photograph(np.full((400, 400, 3), level, np.float32), rng)
        share = np.bincount(photo.ravel()) / photo.size
        measured = -(share[share > 0] * np.log2(share[share > 0])).sum()
        claimed = sample.noise_bits(np.full((1, 1, 1), level, np.float32))
        assert abs(measured - claimed) < 0.01


def test_a_low_quality_takes_a_tenth_of_the_bytes():
    photos = sample.make("test", 50)[0]
    scans = [compress(photo, 50)[2] for photo in photos]
    assert np.mean(scans) < photos[0].nbytes / 10
