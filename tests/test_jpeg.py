"""The image codec against Pillow."""

import io

import numpy as np
import pytest
from PIL import Image

from cifar.constants import QUALITIES
from cifar.jpeg import compress
from cifar.sample import make

IMAGES = make("test", 30)[0]


def with_pillow(image, quality):
    file = io.BytesIO()
    Image.fromarray(image).save(file, "JPEG", quality=quality)
    return np.asarray(Image.open(file)), file.getvalue()


@pytest.mark.parametrize("quality", QUALITIES)
def test_the_same_pixels_and_bytes_as_pillow(quality):
    for image in IMAGES:
        decoded, file_bytes, _ = compress(image, quality)
        expected, file = with_pillow(image, quality)
        np.testing.assert_array_equal(decoded, expected)
        assert file_bytes == len(file)


@pytest.mark.parametrize("quality", [1, 50, 100])
def test_scan_bytes_are_what_follows_the_segments(quality):
    file = with_pillow(IMAGES[0], quality)[1]
    position = 2  # after the start-of-image marker come segments, each with its length
    while file[position + 1] != 0xDA:
        position += 2 + int.from_bytes(file[position + 2 : position + 4])
    position += 2 + int.from_bytes(file[position + 2 : position + 4])
    assert compress(IMAGES[0], quality)[2] == len(file[position:-2])


def test_quality_0_leaves_the_image_alone():
    decoded, file_bytes, scan_bytes = compress(IMAGES[0], 0)
    np.testing.assert_array_equal(decoded, IMAGES[0])
    assert file_bytes == scan_bytes == 32 * 32 * 3


@pytest.mark.parametrize("quality", [-1, 101])
def test_other_qualities_are_refused(quality):
    with pytest.raises(ValueError, match="from 1 to 100"):
        compress(IMAGES[0], quality)
