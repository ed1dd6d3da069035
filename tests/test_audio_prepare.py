"""Prepared sounds: what is made, at every bitrate, and what is left alone."""

import numpy as np
import pytest
import soundfile
from helpers import load_sounds, prepare_sounds

from audio import sample
from audio.constants import BITRATES, FEATURES, LABELS, SAMPLE_RATE, SHAPE
from audio.domain import DOMAIN
from audio.features import extract
from audio.mp3 import compress
from audio.train import parse_args
from helmholtz.data import loading
from helmholtz.errors import DataError, UsageError

FEW = {"train": 24, "test": 12}


@pytest.fixture
def few(monkeypatch):
    monkeypatch.setattr(sample, "ITEMS", FEW)


@pytest.fixture
def stereo(tmp_path):
    """A folder of two classes of stereo files that differ between left and right."""
    rng = np.random.default_rng(0)
    for name in ("a", "b"):
        (tmp_path / "in" / name).mkdir(parents=True)
        for i in range(3):
            noise = rng.normal(0, 0.1, (13000 + i, 2)) * [1, 0.3]
            soundfile.write(tmp_path / "in" / name / f"{i}.wav", noise, SAMPLE_RATE)
    return tmp_path / "in"


def test_the_shape_and_the_labels_are_the_same_at_every_bitrate(few):
    bitrates = [0, *BITRATES]
    folders = prepare_sounds("sample", bitrates)
    sizes = []
    for bitrate in bitrates:
        data = loading.load(folders[bitrate], bitrate)
        for split, (spectrograms, labels) in data.splits.items():
            assert (spectrograms.shape, spectrograms.dtype) == ((FEW[split], *SHAPE), np.float16)
            assert labels.tolist() == [i % 12 for i in range(FEW[split])]
        assert data.classes == LABELS
        assert data.attributes["raw_bytes"] == 36 * 2 * 88200
        assert data.attributes["true_noise_bits"] == pytest.approx(88200 * 7.047, rel=1e-4)
        sizes.append(data.attributes["file_bytes"])
    assert sizes[0] == data.attributes["raw_bytes"]
    assert sorted(sizes[1:]) == sizes[1:]


def test_the_data_are_the_spectrograms_of_the_compressed_sounds(few):
    data = loading.load(prepare_sounds("sample", [32])[32], 32)
    notes, _ = sample.make("test", FEW["test"])
    for note, spectrogram in zip(notes, data.splits["test"][0], strict=True):
        decoded = compress(sample.record(note), 32)[0]
        expected = extract(decoded, 88200, 96, SAMPLE_RATE, phase=False)
        np.testing.assert_array_equal(spectrogram, expected)


def test_other_features_get_a_folder_of_their_own(stereo):
    def shape(*flags):
        folder = prepare_sounds(str(stereo), [64], *flags)[64]
        return folder.parent.name, loading.load(folder, 64).splits["test"][0].shape[1:]

    plain, as_it_is = shape()
    assert as_it_is == (96, 1 + 13002 // 512, 2)
    assert shape("--mono") == (f"{plain}-mono", (96, 26, 1))
    assert shape("--phase", "--mels", 40) == (f"{plain}-mels40-phase", (40, 26, 4))
    assert shape("--dur", 0.1, "--resample", 22050) == (f"{plain}-dur0.1-resample22050", (96, 5, 2))
    assert shape("--dur", 0.5)[1] == (96, 44, 2)


def test_the_phase_of_more_bands_than_there_are_frequencies_is_refused():
    clip, more = np.zeros((8000, 1), np.float32), {"resample": None, "phase": True}
    assert extract(clip, 8000, 257, sample_rate=8000, **more).shape[0] == 257
    with pytest.raises(UsageError, match="give --mels 257 or fewer"):
        extract(clip, 8000, 258, sample_rate=8000, **more)


def test_what_is_there_is_left_alone_until_a_file_changes(stereo):
    folder = prepare_sounds(str(stereo), [8])[8]
    before = (folder / "train.h5").stat().st_mtime_ns
    prepare_sounds(str(stereo), [8, 16])
    assert (folder / "train.h5").stat().st_mtime_ns == before
    (stereo / "a" / "0.wav").unlink()
    prepare_sounds(str(stereo), [8])
    assert loading.load(folder, 8).attributes["items"] == 5


def test_a_file_with_other_channels_is_told_before_it_is_compressed(tmp_path):
    """Stereo Opus has no 8 kb/s."""
    samples = np.random.default_rng(0).normal(0, 0.1, (22050, 2))
    soundfile.write(tmp_path / "a.wav", samples, 44_100)
    data = dict(FEATURES) | {"frames": 22050, "channels": 1, "classes": ["a", "b"]}
    setting = {"data": data, "flags": {}, "codec": "opus", "rate": 8}
    with pytest.raises(DataError, match="is not mono, unlike the sounds of the run"):
        DOMAIN.prepare_file(tmp_path / "a.wav", setting)


def test_a_file_to_predict_is_prepared_as_the_data_were(stereo, tmp_path):
    folder = prepare_sounds(str(stereo), [32], "--dur", 0.2, "--phase")[32]
    data = loading.load(folder, 32)
    setting = {"rate": 32, "data": data.attributes, "flags": {}}
    rows = [*data.splits["train"][0], *data.splits["test"][0]]
    for path in stereo.glob("*/*.wav"):
        again = DOMAIN.prepare_file(path, setting)
        assert sum(np.array_equal(again, row) for row in rows) == 1
    soundfile.write(tmp_path / "mono.wav", np.zeros(9000), SAMPLE_RATE)
    with pytest.raises(DataError, match=r"mono\.wav is not stereo"):
        DOMAIN.prepare_file(tmp_path / "mono.wav", setting)
    with pytest.raises(DataError, match="does not say how"):
        DOMAIN.prepare_file(tmp_path / "mono.wav", {"data": {"rate": 32}})


def test_noise_that_is_cut_off_or_silence_is_not_counted(few):
    bits = {}
    for dur in (None, 0.5, 4):
        folder = prepare_sounds("sample", [0], *(["--dur", dur] if dur else []))[0]
        data = loading.load(folder, 0)
        assert data.attributes["frames"] == (dur or 2) * SAMPLE_RATE
        bits[dur] = data.attributes["true_noise_bits"]
    assert bits[0.5] == pytest.approx(bits[None] / 4)
    assert bits[4] == bits[None]


def test_train_finds_the_same_data(few, tmp_path):
    args = parse_args(["--source", "sample", "--bitrate", "8"])
    data = load_sounds(args)
    folder = DOMAIN.data_root(args) / DOMAIN.open_source(args).name / "bitrate_8"
    assert folder.is_dir()
    by_folder = load_sounds(parse_args(["--train_dir", str(folder)]))
    np.testing.assert_array_equal(data.splits["test"][0], by_folder.splits["test"][0])
    assert parse_args(["-c", "sample"]).source == "sample"
