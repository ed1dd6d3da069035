"""The embedded guitar: its classes, its split, its noise."""

import numpy as np
import pytest

from audio import sample
from audio.constants import LABELS
from helmholtz.data.shards import SPLITS


def test_classes_are_those_of_the_guitar_archive_and_of_one_size():
    assert sample.CLASSES == LABELS
    for split in SPLITS:
        notes, labels = sample.make(split)
        assert [LABELS[label] for label in labels] == [note.effect for note in notes]
        assert np.ptp(np.bincount(labels)) == 0
        assert labels.dtype == np.int64


def test_no_note_of_the_test_is_heard_in_training():
    pitches = [{note.pitch for note in sample.make(split)[0]} for split in SPLITS]
    assert not pitches[0] & pitches[1]
    assert pitches[0] | pitches[1] == set(sample.PITCHES)
    assert not {note.seed for note in sample.make("train")[0]} & {
        note.seed for note in sample.make("test")[0]
    }


@pytest.mark.parametrize("effect", LABELS)
def test_a_clip_is_two_seconds_of_its_seed_and_does_not_clip(effect):
    note = sample.Note(effect, 52, seed=1)
    clip = sample.record(note)
    assert (clip.shape, clip.dtype) == ((88200, 1), np.float32)
    np.testing.assert_array_equal(clip, sample.record(note))
    assert 0.6 < np.abs(clip).max() < 1
    np.testing.assert_array_equal(clip * 32768, np.rint(clip * 32768))
    assert np.abs(clip[-4410:]).max() > 1e-3


def test_every_effect_changes_the_sound_its_own_way():
    clips = [sample.play(effect, 52, np.random.default_rng(1)) for effect in LABELS]
    alike = np.abs(np.corrcoef(clips)) - np.eye(len(clips))
    assert alike.max() < 0.97


@pytest.mark.parametrize("pitch", [40, 57, 76])
def test_a_string_sounds_at_its_pitch(pitch):
    string = sample.pluck(pitch, np.random.default_rng(0))
    hz = 440 * 2 ** ((pitch - 69) / 12)
    spectrum = np.abs(np.fft.rfft(string * np.hanning(len(string))))
    partials = [spectrum[round(2 * k * hz) - 15 : round(2 * k * hz) + 16].max() for k in (1, 2, 3)]
    assert max(partials) > 50 * np.median(spectrum)


def test_the_noise_has_the_entropy_that_is_stated():
    """Against the entropy of the differences between recordings and the clean sound."""
    note = sample.Note("NoFX", 52, seed=5)
    clean = sample.play(note.effect, note.pitch, np.random.default_rng(note.seed)) * 32768
    noise = sample.record(note)[:, 0] * 32768 - clean
    assert noise.std() == pytest.approx(sample.NOISE, rel=0.01)
    counts = np.unique(np.rint(noise), return_counts=True)[1] / len(noise)
    measured = -(counts * np.log2(counts)).sum() * sample.SAMPLES
    assert sample.noise_bits() == pytest.approx(measured, rel=0.002)
