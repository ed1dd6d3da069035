"""Data as they lie there: their own sampling rate and resolution, and the bytes of their files."""

import io
import itertools
import json
from pathlib import Path

import numpy as np
import pytest
import soundfile
from helpers import prepare_images, prepare_sounds
from PIL import Image
from report_runs import make_run
from scipy import signal

from audio import features, prepare, sample, train
from audio import sources as sound_sources
from audio.domain import DOMAIN
from audio.survey import common_rate
from cifar import jpeg
from cifar import prepare as cifar_prepare
from cifar.domain import DOMAIN as IMAGES
from cifar.sources import fit, open_image
from helmholtz.analysis import answer, experiments, tables
from helmholtz.data import loading
from helmholtz.report import __main__ as report
from helmholtz.schema import RUNS, SUMMARY
from helmholtz.sweep import __main__ as sweep
from helmholtz.sweep import plan

HERTZ = 8000


def spoken(seed, hertz=HERTZ):
    """Like a spoken word of half a second: pulses through a mouth, then a hiss. float64."""
    rng, frames = np.random.default_rng(seed), hertz // 2 + 10 * seed
    pulses = (np.arange(frames) % (hertz // 120) == 0) * 10.0 + rng.normal(0, 0.1, frames)
    voiced = signal.lfilter([1], [1, -1.2, 0.8], pulses)
    hiss = rng.normal(0, 1, frames) * (np.arange(frames) > 0.7 * frames)
    word = (voiced + hiss) * np.hanning(frames)
    return 0.7 * word / np.abs(word).max()


@pytest.fixture
def speech(tmp_path):
    """Two classes of six words of 8 kHz, 16 bits, mono."""
    for i, label in itertools.product(range(6), ("no", "yes")):
        (tmp_path / "speech" / label).mkdir(parents=True, exist_ok=True)
        soundfile.write(tmp_path / "speech" / label / f"{i}.wav", spoken(i), HERTZ)
    return tmp_path / "speech"


def files_of(folder):
    return sorted(folder.glob("*/*.*"))


def disk(folder):
    return sum(path.stat().st_size for path in files_of(folder))


def test_speech_keeps_its_sampling_rate_and_its_bytes(speech):
    samples = sum(soundfile.info(path).frames for path in files_of(speech))
    rates = [0, 8, 16, 32, 64]
    for rate, folder in prepare_sounds(str(speech), rates).items():
        facts = loading.load(folder, rate).attributes
        assert (facts["sample_rate"], facts["frames"]) == (HERTZ, 4050)
        assert DOMAIN.extent(facts) == pytest.approx(samples / 12 / HERTZ)
        assert (facts["raw_bytes"], facts["source_bytes"]) == (2 * samples, disk(speech))
        assert facts["file_bytes"] < facts["source_bytes"]


def test_no_part_of_a_spectrogram_of_speech_is_empty(speech):
    data = loading.load(prepare_sounds(str(speech), [0])[0], 0)
    spectrograms = data.splits["train"][0].astype(np.float32)
    assert spectrograms.shape[1:] == (96, 1 + 4050 // 128, 1)
    assert (spectrograms.std(axis=(0, 2, 3)) > 1).all()
    assert features.filter_bank(HERTZ, 96, features.window(HERTZ)).sum(axis=1).min() > 0


@pytest.mark.parametrize(
    ("hertz", "size"),
    [(8000, 512), (16000, 1024), (22050, 1024), (44100, 2048), (48000, 2048), (96000, 4096)],
)
def test_a_window_lasts_about_as_long_at_every_sampling_rate(hertz, size):
    assert features.window(hertz) == size


def test_r_asks_for_another_range_with_the_published_windows(speech):
    folder = prepare_sounds(str(speech), [0], "-r", 16000)[0]
    assert "resample16000" in folder.parent.name
    assert loading.load(folder, 0).splits["train"][0].shape[1:] == (96, 1 + 8100 // 512, 1)


def test_a_bitrate_that_speech_cannot_have_is_refused_before_anything_is_made(
    speech, command, tmp_path
):
    words = ["--source", speech, "--data_dir", tmp_path / "data", "--bitrate"]
    code, error = command(prepare.main, *words, 64, 128)
    assert (code, error.count("\n")) == (2, 1)
    assert "There is no 128 kb/s of sound of 8,000 Hz" in error
    assert "MP3 compresses to 8, 16, 24, 32, 40, 48, 56, 64" in error
    assert not [*(tmp_path / "data").rglob("*.h5")]


def test_train_without_a_bitrate_says_which_to_give_where_the_default_does_not_fit(
    speech, command, tmp_path
):
    words = ["--source", speech, "--data_dir", tmp_path / "data"]
    code, error = command(train.main, *words)
    assert (code, error.count("\n")) == (2, 1)
    assert error.endswith(": give --bitrate 64.\n")
    assert train.parse_args(["--bitrate", "64"]).bitrate == 64


def test_the_grid_is_of_rates_that_speech_can_have(speech, command, capsys):
    prepare.main(["--source", str(speech), "--codec", "mp3", "opus"])
    lines = [line.partition(": ") for line in capsys.readouterr().out.splitlines()]
    made = [rate for rate, _, folder in lines if Path(folder).is_dir()]
    mp3, opus = [8, 16, 32, 64], [8, 12, 16, 24, 32, 48, 64, 96, 128]
    assert made == [*(f"{rate} kb/s" for rate in mp3), *(f"Opus {rate} kb/s" for rate in opus)]
    runs = plan.plan(*sweep.parse_args(["audio", "--source", str(speech), "--seed", "0"]))
    assert [run.rate for run in runs] == mp3


def test_files_of_other_sampling_rates_are_brought_to_that_of_most_and_said(speech, command):
    for i, hertz in enumerate((16000, 44100)):
        soundfile.write(speech / "no" / f"other {i}.wav", spoken(0, hertz), hertz)
    code, error = command(prepare.main, "--source", speech, "--bitrate", 0)
    assert (code, error) == (
        0, "2 files of 14 resampled to 8,000 Hz, the sampling rate of most.\n"
    )  # fmt: skip
    facts = loading.load(prepare_sounds(str(speech), [0])[0], 0).attributes
    assert (facts["sample_rate"], facts["resampled_files"]) == (HERTZ, 2)
    samples = sum(soundfile.info(path).frames for path in files_of(speech))
    assert facts["raw_bytes"] == 2 * samples > facts["file_bytes"]


def test_samples_of_8_bits_are_not_made_twice_as_large(tmp_path):
    for i, label in itertools.product(range(2), "ab"):
        (tmp_path / label).mkdir(exist_ok=True)
        soundfile.write(tmp_path / label / f"{i}.wav", spoken(0), HERTZ, "PCM_U8")
    facts = loading.load(prepare_sounds(str(tmp_path), [0])[0], 0).attributes
    assert facts["file_bytes"] == facts["scan_bytes"] == facts["raw_bytes"] == 4 * 4000


def test_of_two_sampling_rates_as_common_the_higher_counts(tmp_path):
    for i, hertz in enumerate((8000, 16000, 8000, 16000)):
        soundfile.write(tmp_path / f"{i}.wav", spoken(0, hertz), hertz)
    (tmp_path / "bad.wav").write_bytes(b"RIFF")
    assert common_rate({"train": (sorted(tmp_path.glob("*.wav")), [])}) == 16000


@pytest.mark.parametrize(
    ("kind", "subtype", "width"),
    [("WAV", "PCM_U8", 1), ("WAV", "PCM_24", 2), ("FLAC", "PCM_16", 2), ("OGG", "VORBIS", 2)],
)
def test_bytes_are_those_of_the_part_of_a_file_that_is_kept(kind, subtype, width, tmp_path):
    path = tmp_path / f"x.{kind.lower()}"
    soundfile.write(path, np.stack([spoken(0)] * 2, 1), HERTZ, subtype, format=kind)
    size = path.stat().st_size
    whole = sound_sources.read_clip(path, mono=False, dur=None, sample_rate=HERTZ)
    assert (whole.raw_bytes, whole.source_bytes) == (2 * 4000 * width, size)
    half = sound_sources.read_clip(path, mono=True, dur=0.25, sample_rate=44100)
    assert (half.raw_bytes, len(half.samples)) == (2000 * width, 11025)
    assert half.source_bytes == pytest.approx(size / 2, abs=1)


def test_a_word_is_heard_and_predicted_as_it_was_prepared(speech):
    flags = {"source": str(speech), "mono": False, "dur": None}
    for codec in (DOMAIN.codecs["mp3"], DOMAIN.codecs["opus"]):
        heard, _ = DOMAIN.listen(flags, codec, [16, 64])
        assert soundfile.info(io.BytesIO(heard[16][1])).samplerate == HERTZ
        folder = prepare_sounds(str(speech), [16], "--codec", codec.name)[16]
        data = loading.load(folder, 16)
        setting = {"rate": 16, "codec": codec.name, "data": data.attributes, "flags": {}}
        rows = [*data.splits["train"][0], *data.splits["test"][0]]
        for path in files_of(speech):
            again = DOMAIN.prepare_file(path, setting)
            assert sum(np.array_equal(again, row) for row in rows) == 2  # one in each class


@pytest.fixture
def thumbnails(tmp_path):
    """Two classes of four images: grey and colour, of 20 x 24 and of 64 x 32 pixels."""
    rng = np.random.default_rng(0)
    for i, label in itertools.product(range(4), "ab"):
        (tmp_path / "in" / label).mkdir(parents=True, exist_ok=True)
        pixels = rng.integers(0, 256, [(24, 20), (32, 64, 3)][i % 2]).astype(np.uint8)
        Image.fromarray(pixels).save(tmp_path / "in" / label / f"{i}.png")
    return tmp_path / "in"


@pytest.mark.parametrize("more", [[], ["--full_size"]])
@pytest.mark.parametrize("name", ["jpeg", "webp"])
def test_a_picture_is_predicted_as_it_was_prepared(thumbnails, name, more):
    folder = prepare_images(str(thumbnails), [20], "--codec", name, "--size", "16", *more)[20]
    data = loading.load(folder, 20)
    setting = {"rate": 20, "shape": [16, 16, 3], "codec": name, "data": data.attributes}
    rows = [*data.splits["train"][0], *data.splits["test"][0]]
    for path in files_of(thumbnails):
        again = IMAGES.prepare_file(path, setting)
        assert sum(np.array_equal(again, row) for row in rows) == 1


def test_images_of_full_size_are_compressed_before_they_are_made_smaller(thumbnails, command):
    flags = ["--size", "16", "--full_size"]
    folders = prepare_images(str(thumbnails), [0, 20], *flags)
    assert folders[20].parent.name.endswith("-16px-full")
    facts = {rate: loading.load(folder, rate).attributes for rate, folder in folders.items()}
    coded = [jpeg.encode(np.asarray(open_image(path)[0]), 20) for path in files_of(thumbnails)]
    assert facts[0]["file_bytes"] == facts[0]["raw_bytes"] == 4 * 20 * 24 + 4 * 64 * 32 * 3
    assert facts[20]["file_bytes"] == sum(map(len, coded))
    assert facts[20]["scan_bytes"] == sum(map(jpeg.scan_size, coded))
    wanted = [fit(Image.fromarray(jpeg.opencv_image(file)), 16) for file in coded]
    splits = loading.load(folders[20], 20).splits
    rows = [*splits["train"][0], *splits["test"][0]]
    assert all(sum(np.array_equal(row, one) for row in rows) == 1 for one in wanted)
    assert "resized to 16 x 16 pixels after compression" in facts[20]["found"]
    before = loading.load(prepare_images(str(thumbnails), [20], *flags[:2])[20], 20)
    assert "resized to 16 x 16 pixels before compression" in before.attributes["found"]
    assert IMAGES.extent(before.attributes) == 256
    assert IMAGES.extent(facts[20]) == pytest.approx((20 * 24 / 3 + 64 * 32) / 2)
    code, error = command(cifar_prepare.main, "--source", thumbnails, *flags, "--store", "bytes")
    assert (code, error) == (
        2, "--store bytes is not for --full_size, whose images are made smaller once they are "
        "decoded: leave it out.\n"
    )  # fmt: skip
    code, error = command(cifar_prepare.main, "--source", "sample", "--full_size")
    assert (code, error) == (
        2, "--full_size is for a folder of images: those of sample have 32 pixels a side; "
        "leave it out.\n"
    )  # fmt: skip


def test_images_state_their_own_pixels_and_which_are_enlarged(thumbnails, command):
    code, error = command(cifar_prepare.main, "--source", thumbnails, "--quality", 0, 50)
    assert (code, error) == (
        0, "4 of 8 items are smaller than asked for and were enlarged, which adds no detail.\n"
    )  # fmt: skip
    for rate, folder in prepare_images(str(thumbnails), [0, 50]).items():
        facts = loading.load(folder, rate).attributes
        assert facts["raw_bytes"] == 4 * 20 * 24 + 4 * 64 * 32 * 3
        assert facts["source_bytes"] == disk(thumbnails)
        assert facts["enlarged"] == 4
    assert loading.load(folder.with_name("quality_0"), 0).attributes["file_bytes"] == (
        4 * 20 * 24 + 4 * 32 * 32 * 3  # what is enlarged has no more than it had
    )


def test_the_sample_is_as_it_was(monkeypatch):
    monkeypatch.setattr(sample, "ITEMS", {"train": 24, "test": 12})
    facts = loading.load(prepare_sounds("sample", [0])[0], 0).attributes
    assert facts["raw_bytes"] == facts["source_bytes"] == facts["file_bytes"] == 36 * 2 * 88200
    assert (facts["sample_rate"], DOMAIN.extent(facts)) == (44100, 2)


def with_source_bytes(folder, size):
    """Add to a run's result what its 100 files take."""
    for path in folder.rglob("result.json"):
        result = json.loads(path.read_text())
        result["data"]["source_bytes"] = 100 * size
        path.write_text(json.dumps(result))


@pytest.mark.parametrize(
    ("size", "said"),
    [
        (800, "900 bytes per image, no saving, since the files as they are have 800;"),
        (
            2000,
            "900 bytes per image instead of 3,072 (-71%), where the files as they are have 2,000;",
        ),
        (3100, "900 bytes per image instead of 3,072 (-71%);"),
    ],
)
def test_the_answer_says_what_the_files_take(size, said, tmp_path):
    for rate, seed in itertools.product((0, 50), (0, 1)):
        make_run(tmp_path / "logs", rate, seed)
    with_source_bytes(tmp_path, size)
    args = report.parse_args([str(tmp_path / "logs"), "--out", str(tmp_path / "out")])
    found, *_ = experiments.experiments([run.row for run in report.collect(args)[0]])
    assert f"{said} " in answer.answer(found, 0.01)["sentence"]


def test_the_tables_have_what_the_files_take(tmp_path):
    for rate in (0, 50):
        make_run(tmp_path / "logs", rate)
    with_source_bytes(tmp_path, 800)
    report.main([str(tmp_path / "logs"), "--out", str(tmp_path / "out")])
    for name, schema in (("runs", RUNS), ("summary", SUMMARY)):
        rows = tables.read(tmp_path / "out" / f"{name}.csv", schema)
        assert {row["source_bytes"] for row in rows} == {800}
