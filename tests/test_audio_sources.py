"""Where sound comes from, and what is refused."""

import hashlib
import io
import os
import pickle
import struct

import numpy as np
import pytest
import soundfile
from archives import zip_of
from helpers import prepare_sounds

from audio import idmt, prepare, sources
from audio.constants import CLASS_FOLDERS, LABELS, SAMPLE_RATE
from audio.survey import surveyed
from helmholtz.data import loading
from helmholtz.data.baditems import BadItems
from helmholtz.data.folders import folder_name
from helmholtz.errors import DataError
from helmholtz.io import datadir

TONE = 0.5 * np.sin(np.arange(4410) / 10)
FLAGS = ["--bitrate", 32, "--dur", 0.1]


def wav(samples=TONE, rate=SAMPLE_RATE, kind="WAV", subtype=None):
    file = io.BytesIO()
    soundfile.write(file, samples, rate, format=kind, subtype=subtype)
    return file.getvalue()


@pytest.fixture
def folder(tmp_path):
    """Two classes of nine good files each."""
    for name in ("a", "b"):
        (tmp_path / "in" / name).mkdir(parents=True)
        for i in range(9):
            (tmp_path / "in" / name / f"{i}.wav").write_bytes(wav())
    return tmp_path / "in"


def prepared(folder):
    """What there is of a folder's prepared data, whole or not."""
    return [
        path
        for path in datadir.data_root("audio", None).glob(f"{folder_name(folder)}*/*/*")
        if path.name != ".lock"
    ]


def at_rate(rate):
    """A WAV that claims to be at a rate."""
    data = bytearray(wav())
    data[24:28] = struct.pack("<I", rate)
    return bytes(data)


BAD = {
    "zero bytes": (b"", "is empty, 0 bytes"),
    "text": (b"this is no sound\n" * 10, "damaged or not a sound"),
    "a cut header": (wav()[:30], "is damaged, it ends early"),
    "half a file": (wav()[: len(wav()) // 2], "is damaged, it ends early"),
    "no samples": (wav(TONE[:0]), "too short, 0 samples"),
    "10 samples": (wav(TONE[:10]), "too short, 10 samples"),
    "NaN": (wav(np.where(TONE > 0.49, np.nan, TONE), subtype="FLOAT"), "NaN or infinite"),
    "infinity": (wav(np.where(TONE > 0.49, np.inf, TONE), subtype="FLOAT"), "NaN or infinite"),
    "1 Hz": (at_rate(1), "sample rate of 1 Hz"),
    "1 MHz": (at_rate(1_000_000), "sample rate of 1000000 Hz"),
    "six channels": (wav(np.tile(TONE[:, None], 6)), "6 channels"),
    "a folder": (None, "not a file"),
}


def put(path, content):
    if content is None:
        path.mkdir()
    else:
        path.write_bytes(content)


@pytest.mark.parametrize("case", BAD)
def test_a_bad_file_is_named_and_nothing_is_half_made(case, folder, command):
    content, said = BAD[case]
    put(folder / "b" / "x y.wav", content)
    code, error = command(prepare.main, "--source", folder, *FLAGS)
    assert code == 3
    assert error.count("\n") == 1
    for part in (str(folder / "b" / "x y.wav"), said, "--skip_bad"):
        assert part in error
    assert not prepared(folder)


def test_bad_files_are_left_out_when_told_and_listed(folder, command):
    for i, (content, _) in enumerate(BAD.values()):
        put(folder / "a" / f"bad {i}.wav", content)
    for i in range(30):
        put(folder / "a" / f"good {i}.wav", wav())
    code, error = command(prepare.main, "--source", folder, "--skip_bad", *FLAGS)
    assert code == 0
    assert f"Skipped {len(BAD)} files" in error
    assert all(said in error for _, said in BAD.values())
    data = loading.load(prepared(folder)[0].parent, 32)
    assert data.attributes["items"] == 48
    assert data.attributes["skipped"] == len(BAD)
    assert len(data.attributes["skipped_files"]) == len(BAD)
    assert command(prepare.main, "--source", folder, *FLAGS)[0] == 0  # it is there now


def test_what_is_wrong_with_files_is_told_by_another_process_too():
    """An own network is checked in one, which reads the first sound."""
    bad = BadItems({"train": {0: "a.wav is damaged.", 3: "b.wav is damaged."}})
    there = pickle.loads(pickle.dumps(bad))
    assert (str(there), there.problems) == (str(bad), bad.problems)


def test_a_class_without_a_usable_file_is_an_error(folder, command):
    for path in (folder / "b").iterdir():
        path.write_bytes(b"")
    code, error = command(prepare.main, "--source", folder, "--skip_bad", *FLAGS)
    assert code == 3
    assert "No file of the class b" in error


def test_a_class_with_a_single_file_is_an_error(folder, command):
    for i in range(8):
        (folder / "b" / f"{i}.wav").unlink()
    code, error = command(prepare.main, "--source", folder, *FLAGS)
    assert (code, "two files or more" in error) == (3, True)


def test_mono_and_stereo_are_mixed_only_when_told(folder, command):
    (folder / "a" / "s.wav").write_bytes(wav(np.stack([TONE, TONE], 1)))
    code, error = command(prepare.main, "--source", folder, *FLAGS)
    assert code == 3
    assert f"{folder}/a/s.wav is stereo: give --mono" in error
    assert not prepared(folder)
    assert command(prepare.main, "--source", folder, "--mono", *FLAGS)[0] == 0


@pytest.mark.parametrize(
    "name",
    [
        *[" .wav", "two words.wav", "UPPER.WAV", 'it\'s "q".wav', "a;b.wav", "$(x).wav"],
        *["new\nline.wav", "-b 8.wav", "\u00fc\u4e2d.wav", os.fsdecode(b"\xff\xfe.wav")],
    ],
)
def test_any_file_name_will_do(name, folder, command):
    (folder / "a" / name).write_bytes(wav())
    assert command(prepare.main, "--source", folder, *FLAGS) == (0, "")
    (folder / "a" / name).write_bytes(b"broken")
    code, error = command(prepare.main, "--source", folder, *FLAGS)
    assert (code, error.count("\n")) == (3, 1)


@pytest.mark.parametrize("kind", ["WAV", "FLAC", "OGG", "AIFF", "MP3"])
def test_all_formats_are_read(kind, tmp_path):
    path = tmp_path / f"x.{kind.lower()}"
    path.write_bytes(wav(kind=kind))
    samples, rate, *_ = sources.read_sound(path)
    assert rate == SAMPLE_RATE
    assert samples.shape[1] == 1
    assert np.corrcoef(samples[:4410, 0], TONE)[0, 1] > 0.99


@pytest.mark.parametrize("told", [0, 0xFFFFFFFF])
def test_a_sound_whose_header_was_written_to_a_pipe_is_read(told, tmp_path):
    content = bytearray(wav())
    content[4:8] = struct.pack("<I", told)
    (tmp_path / "a.wav").write_bytes(content)
    assert len(sources.read_sound(tmp_path / "a.wav").samples) == len(TONE)


def test_a_sound_without_a_header_is_refused(tmp_path):
    (tmp_path / "a.raw").write_bytes(wav()[44:])
    with pytest.raises(DataError, match=r"a\.raw is damaged or not a sound"):
        sources.read_sound(tmp_path / "a.raw")


def test_what_claims_to_be_too_long_is_not_decoded(tmp_path, monkeypatch):
    monkeypatch.setattr(sources, "MAX_SAMPLES", 20_000)
    path = tmp_path / "long.flac"
    path.write_bytes(wav(np.zeros(30_000), kind="FLAC"))
    with pytest.raises(DataError, match="too long, 30,000 samples"):
        sources.read_sound(path)
    assert len(sources.read_sound(path, dur=0.1)[0]) < 20_000


def test_a_clip_is_resampled_mixed_and_cut(tmp_path):
    time = np.arange(39063) / 39063
    stereo = np.stack([np.sin(440 * 2 * np.pi * time), np.zeros_like(time)], 1)
    path = tmp_path / "x.wav"
    path.write_bytes(wav(stereo, rate=39063, subtype="FLOAT"))
    clip = sources.read_clip(path, mono=True, dur=0.5).samples
    assert (clip.shape, clip.dtype) == ((22050, 1), np.float32)
    expected = 0.5 * np.sin(440 * 2 * np.pi * np.arange(22050) / SAMPLE_RATE)
    np.testing.assert_allclose(clip[500:, 0], expected[500:], atol=2e-3)
    assert sources.read_clip(path, mono=False, dur=None).samples.shape == (44100, 2)


def test_clips_are_as_long_as_the_longest_and_clipping_is_counted(folder, command):
    (folder / "a" / "loud.wav").write_bytes(wav(np.tile(TONE, 3) * 2.5, subtype="FLOAT"))
    code, error = command(prepare.main, "--source", folder, "--bitrate", 0)
    assert code == 0
    clipped = int((np.abs(np.tile(TONE, 3) * 2.5) > 1).sum())
    assert f"{clipped:,} samples beyond full scale" in error
    data = loading.load(prepared(folder)[0].parent, 0)
    assert data.attributes["clipped_samples"] == clipped
    assert data.attributes["frames"] == 3 * 4410
    assert data.splits["train"][0].shape[1:] == (96, 1 + 3 * 4410 // 512, 1)
    assert data.attributes["raw_bytes"] == data.attributes["file_bytes"] == 2 * 4410 * 21


# The archive of IDMT-SMT-Audio-Effects, in small.


def parts(omit=()):
    """The nested archives, with what does not belong to the twelve classes."""
    nested = {}
    for part, labels in CLASS_FOLDERS.items():
        wavs = {
            f"{part}/Samples/{label}/G{i}.wav": wav(TONE * (1 + k) / 10)
            for k, label in enumerate(labels)
            for i in (2, 1)
            if label not in omit
        }
        nested[part] = wavs | {
            f"{part}/Lists/x.xml": b"",
            f"__MACOSX/{part}/Samples/EQ/._a.wav": b"",
        }
    nested["Gitarre polyphon"] = {"Gitarre polyphon/Samples/EQ/G1.wav": wav()}
    return nested


def archive_of(path, monkeypatch, **options):
    """A zip that passes for the published archive."""
    top = "IDMT-SMT-AUDIO-EFFECTS/IDMT-SMT-AUDIO-EFFECTS"
    nested = {f"{top}/{name}.zip": zip_of(files) for name, files in parts(**options).items()}
    path.write_bytes(zip_of(nested | {f"{top}/Description.pdf": b"%PDF"}))
    digest = hashlib.md5(path.read_bytes()).hexdigest()
    monkeypatch.setitem(sources.ARCHIVE, "hash", f"md5:{digest}")
    return path


def test_the_archive_is_read_through_its_nested_zips(tmp_path, monkeypatch):
    monkeypatch.setattr(datadir, "ROOT", tmp_path)
    path = archive_of(tmp_path / "IDMT.zip", monkeypatch)
    source = surveyed(sources.open_source(str(path)), mono=False, dur=None, skip_bad=False)
    classes, splits, facts = source.load()
    assert (source.name, classes) == ("idmt", LABELS)
    for sounds, labels in splits.values():
        assert labels.tolist() == list(range(12))
        assert [clip.sound.name.split("/")[-2] for clip in sounds] == LABELS
    assert (facts["frames"], facts["channels"]) == (4410, 1)
    copied = sorted(p.name for p in (tmp_path / "audio" / "data" / "idmt").glob("[!.]*"))
    assert copied == ["Gitarre monophon.zip", "Gitarre monophon2.zip"]


def test_the_archive_is_prepared_like_its_unpacked_folder(tmp_path, monkeypatch, command):
    monkeypatch.setattr(datadir, "ROOT", tmp_path)
    path = archive_of(tmp_path / "IDMT.zip", monkeypatch)
    for files in parts().values():
        for name, content in files.items():
            target = tmp_path / "unpacked" / "IDMT-SMT-AUDIO-EFFECTS" / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
    arrays = []
    for source in (path, tmp_path / "unpacked"):
        folders = prepare_sounds(str(source), [32])
        data = loading.load(folders[32], 32)
        assert data.classes == LABELS
        arrays.append(data.splits["train"][0])
    np.testing.assert_array_equal(*arrays)


def test_an_archive_that_is_laid_out_differently_says_what_was_found(
    tmp_path, monkeypatch, command
):
    monkeypatch.setattr(datadir, "ROOT", tmp_path)
    path = archive_of(tmp_path / "IDMT.zip", monkeypatch, omit=("EQ", "Vibrato"))
    code, error = command(prepare.main, "--source", path, *FLAGS)
    assert code == 3
    assert "no files of EQ, Vibrato" in error
    assert "Chorus 2" in error


def test_a_wrong_archive_is_refused(tmp_path, command):
    (tmp_path / "x.zip").write_bytes(zip_of({"a": b"b"}))
    code, error = command(prepare.main, "--source", tmp_path / "x.zip", *FLAGS)
    assert (code, "x.zip is not the archive of IDMT-SMT-Audio-Effects" in error) == (3, True)
    assert "a folder for each class" in error
    assert "delete" not in error


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("Gitarre monophon/Samples/NoFX/G1.wav", "NoFX"),
        ("x/y/Gitarre monophon2/Samples/Reverb/G1.WAV", "Reverb"),
        ("Gitarre monophon/Gitarre monophon/Samples/NoFX/G1.wav", "NoFX"),
        ("Gitarre monophon2/Samples/NoFX/G1.wav", None),
        ("Gitarre polyphon/Samples/NoFX/G1.wav", None),
        ("Gitarre monophon/Lists/NoFX/G1.wav", None),
        ("Gitarre monophon/Samples/NoFX/._G1.wav", None),
        ("Gitarre monophon/Samples/NoFX/G1.txt", None),
        ("Samples", None),
    ],
)
def test_the_class_is_told_from_the_path(name, label):
    assert idmt.class_of(name) == label


def test_a_source_that_does_not_exist(command):
    code, error = command(prepare.main, "--source", "/no/where", *FLAGS)
    assert (code, "does not exist" in error) == (3, True)
