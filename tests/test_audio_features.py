"""Spectrograms against librosa's."""

import librosa
import numpy as np
import pytest

from audio.constants import SAMPLE_RATE, SHAPE
from audio.features import extract, filter_bank, tile, window
from helmholtz.errors import UsageError

STEP = 1 / 16  # of float16 between 64 and 128, the largest of decibels


def by_librosa(samples, rate=SAMPLE_RATE, mels=96):
    power = librosa.feature.melspectrogram(y=samples, sr=rate, n_mels=mels)
    return librosa.amplitude_to_db(power)


def sounds():
    rng = np.random.default_rng(0)
    time = np.arange(2 * SAMPLE_RATE, dtype=np.float32) / SAMPLE_RATE
    return {
        "noise": 0.1 * rng.standard_normal(2 * SAMPLE_RATE).astype(np.float32),
        "tone": 0.9 * np.sin(2 * np.pi * 440 * time),
        "hit": (rng.standard_normal(2 * SAMPLE_RATE) * np.exp(-20 * time)).astype(np.float32) / 5,
        "silence": np.zeros(2 * SAMPLE_RATE, np.float32),
        "faint": 1e-5 * rng.standard_normal(2 * SAMPLE_RATE).astype(np.float32),
    }


@pytest.mark.parametrize("name", sounds())
def test_a_clip_of_two_seconds_is_what_librosa_says(name):
    samples = sounds()[name]
    spectrogram = extract(samples[:, None], len(samples), 96, SAMPLE_RATE, phase=False)
    assert (spectrogram.shape, spectrogram.dtype) == (SHAPE, np.float16)
    np.testing.assert_allclose(spectrogram[..., 0], by_librosa(samples), rtol=0, atol=STEP / 2)


@pytest.mark.parametrize("rate", [1600, 8000, 22050, 44100, 48000])
@pytest.mark.parametrize("mels", [40, 96, 128])
def test_the_filters_are_librosas(rate, mels):
    expected = librosa.filters.mel(sr=rate, n_fft=2048, n_mels=mels)
    np.testing.assert_allclose(filter_bank(rate, mels).toarray(), expected, atol=1e-8)


def test_clips_are_padded_with_silence_and_cropped():
    samples = sounds()["noise"]
    padded = np.concatenate([samples[:30000], np.zeros(14100, np.float32)])
    short = extract(samples[:30000, None], 44100, 96, SAMPLE_RATE, phase=False)
    np.testing.assert_array_equal(short, extract(padded[:, None], 44100, 96, SAMPLE_RATE, False))
    cropped = extract(samples[:, None], 44100, 96, SAMPLE_RATE, phase=False)
    np.testing.assert_array_equal(
        cropped, extract(samples[:44100, None], 44100, 96, SAMPLE_RATE, False)
    )


def test_a_window_is_the_power_of_two_that_is_nearest_to_46_milliseconds():
    found = [window(rate) for rate in (8000, 16000, 22050, 44100, 48000, 96000)]
    assert found == [512, 1024, 1024, 2048, 2048, 4096]


def test_another_rate_and_number_of_bands():
    spectrogram = extract(sounds()["noise"][:, None], 2 * SAMPLE_RATE, 40, 22050, phase=False)
    assert spectrogram.shape == (40, 1 + 44100 // 512, 1)


def test_phase_follows_each_channel_as_published():
    left, right = sounds()["hit"], sounds()["silence"]
    layers = extract(np.stack([left, right], 1), len(left), 96, SAMPLE_RATE, phase=True)
    assert layers.shape == (96, 173, 4)
    expected = librosa.magphase(librosa.stft(left))[1][:96].real
    np.testing.assert_allclose(layers[..., 1], expected, atol=1e-3)
    np.testing.assert_array_equal(layers[..., 3], 1)
    np.testing.assert_allclose(layers[..., 0], by_librosa(left), rtol=0, atol=STEP / 2)


def test_tiles_are_three_equal_channels_of_mono():
    spectrograms = np.random.default_rng(0).random((5, 8, 9, 1)).astype(np.float16)
    np.testing.assert_array_equal(tile(spectrograms), np.tile(spectrograms, 3))
    with pytest.raises(UsageError, match="--mono"):
        tile(np.zeros((5, 8, 9, 2)))
