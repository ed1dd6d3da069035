"""What files went through is read back, and nothing is claimed of what went through nothing."""

import io
import os
import subprocess
import sys

import cv2
import lameenc
import numpy as np
import pytest
import soundfile
from PIL import Image

from audio import mp3
from audio import prepare as prepare_sounds
from cifar import prepare as prepare_images
from cifar import sample
from helmholtz.audit import __main__ as program
from helmholtz.audit import jpeg_tables, traces
from helmholtz.audit.files import identify
from helmholtz.audit.folder import audit
from helmholtz.data import loading
from helmholtz.data.folders import folder_name

SMOOTH = cv2.GaussianBlur(np.random.default_rng(0).normal(128, 400, (96, 80, 3)), (0, 0), 3)
PICTURE = Image.fromarray(SMOOTH.clip(0, 255).astype(np.uint8))
NOISE = np.random.default_rng(1).normal(0, 0.1, (44100, 1)).astype(np.float32)


@pytest.fixture(scope="module")
def photographs():
    """Images as the sample draws them, without loss."""
    return sample.make("test")[0]


@pytest.mark.parametrize("sampling", ["4:4:4", "4:2:2", "4:2:0"])
def test_every_quality_and_subsampling_of_pillow_is_read_back(sampling, tmp_path):
    for quality in range(1, 101):
        PICTURE.save(tmp_path / "a.png", "JPEG", quality=quality, subsampling=sampling)
        found = identify(tmp_path / "a.png")  # by its bytes, not by its name
        assert found == (f"JPEG of quality {quality}, {sampling}", "jpeg", quality, (80, 96))


def test_every_quality_of_opencv_is_read_back(tmp_path):
    for quality in range(1, 101):
        for pixels, sampling in ((SMOOTH, "4:2:0"), (SMOOTH[..., 0], "grey")):
            cv2.imwrite(str(tmp_path / "a.jpg"), pixels, [cv2.IMWRITE_JPEG_QUALITY, quality])
            kind = f"JPEG of quality {quality}, {sampling}"
            assert identify(tmp_path / "a.jpg").kind == kind


def test_every_table_of_libjpeg_is_read_back_also_those_above_255():
    for quality in range(1, 101):
        for largest in (255, 32_767):
            bases = (jpeg_tables.LUMA, jpeg_tables.CHROMA)
            tables = [jpeg_tables.table(base, quality, largest).tolist() for base in bases]
            assert jpeg_tables.quality_of(tables) == (quality, True)


def test_other_tables_have_the_nearest_quality(tmp_path):
    PICTURE.save(tmp_path / "a.jpg", quality="web_high")
    assert identify(tmp_path / "a.jpg").kind == "JPEG near quality 90 (own tables), 4:4:4"
    luma = jpeg_tables.table(jpeg_tables.LUMA, 60)
    luma[0] += 1
    assert jpeg_tables.quality_of([luma.tolist()]) == (60, False)


@pytest.mark.parametrize(
    ("name", "options", "kind", "codec"),
    [
        ("WEBP", {"quality": 50}, "lossy WebP", "webp"),
        ("WEBP", {"lossless": True}, "lossless WebP", ""),
        ("AVIF", {}, "AVIF", "avif"),
        ("JPEG2000", {"irreversible": True}, "lossy JPEG 2000", "jp2"),
        ("JPEG2000", {"irreversible": True, "no_jp2": True}, "lossy JPEG 2000", "jp2"),
        ("JPEG2000", {}, "lossless JPEG 2000", ""),
        ("TIFF", {"compression": "jpeg"}, "TIFF of jpeg", "jpeg"),
        ("TIFF", {}, "TIFF", ""),
        ("PNG", {}, "PNG", ""),
        ("GIF", {}, "GIF", ""),
        ("BMP", {}, "BMP", ""),
        ("PPM", {}, "PPM", ""),
        ("TGA", {}, "TGA", ""),
        ("WEBP", {"lossless": True, "icc_profile": bytes(9001)}, "lossless WebP", ""),
        ("WEBP", {"quality": 50, "icc_profile": bytes(9001)}, "lossy WebP", "webp"),
    ],
)
def test_images_are_told_by_their_bytes(name, options, kind, codec, tmp_path):
    PICTURE.save(tmp_path / "a.jpg", name, **options)
    assert identify(tmp_path / "a.jpg") == (kind, codec, 0, (80, 96))


@pytest.mark.parametrize(
    ("format_", "subtype", "kind", "codec"),
    [
        ("WAV", "PCM_16", "WAV", ""),
        ("WAV", "FLOAT", "WAV", ""),
        ("WAV", "ULAW", "WAV of ULAW", "ulaw"),
        ("FLAC", "PCM_16", "FLAC", ""),
        ("OGG", "VORBIS", "Vorbis", "vorbis"),
        ("OGG", "OPUS", "Opus", "opus"),
    ],
)
def test_sounds_are_told_by_their_bytes(format_, subtype, kind, codec, tmp_path):
    soundfile.write(tmp_path / "a.mp3", NOISE, 48000, subtype, format=format_)
    assert identify(tmp_path / "a.mp3")[:2] == (kind, codec)


@pytest.mark.parametrize("tagged", [False, True])
@pytest.mark.parametrize(("sample_rate", "bitrate"), [(44100, 320), (44100, 64), (8000, 8)])
def test_the_bitrate_of_an_mp3_is_read_back(sample_rate, bitrate, tagged, tmp_path):
    encoder = lameenc.Encoder()
    encoder.set_in_sample_rate(sample_rate)
    encoder.set_channels(1)
    encoder.set_bit_rate(bitrate)
    encoder.silence()
    file = bytes(encoder.encode(mp3.to_pcm(NOISE).tobytes()) + encoder.flush())
    tag = b"ID3\x04\0\0\0\0\x40\0" + bytes(64 * 128)  # larger than what is read at first
    (tmp_path / "a").write_bytes(tag * tagged + file)
    assert identify(tmp_path / "a")[:3] == (f"MP3 of {bitrate} kb/s", "mp3", bitrate)


def test_the_bitrate_of_an_mp3_is_not_that_of_its_tag(tmp_path):
    """FFmpeg's, which needs a frame of a higher rate to have room."""
    encoder = lameenc.Encoder()
    encoder.set_in_sample_rate(44100)
    encoder.set_channels(1)
    encoder.set_bit_rate(48)
    encoder.silence()
    file = bytes(encoder.encode(mp3.to_pcm(NOISE).tobytes()) + encoder.flush())
    tag = file[:2] + bytes([0x90]) + file[3:4] + bytes(17) + b"Info"  # 128 kb/s
    (tmp_path / "a").write_bytes(tag.ljust(144_000 * 128 // 44_100, b"\0") + file)
    assert identify(tmp_path / "a")[:3] == ("MP3 of 48 kb/s", "mp3", 48)


def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "a.jpg")
    assert identify(tmp_path / "a.jpg").kind == "not recognised"


def test_aac_is_found_in_a_stream_and_in_boxes(tmp_path):
    (tmp_path / "a").write_bytes(b"\xff\xf1\x50\x80\x02\x1f\xfc" + bytes(99))
    (tmp_path / "b").write_bytes(b"\0\0\0\x18ftypM4A \0\0\0\0M4A isom" + bytes(9) + b"mp4a")
    assert {identify(tmp_path / name).kind for name in "ab"} == {"AAC"}


@pytest.mark.parametrize(
    "content", [b"", b"broken", b"\xff\xd8\xff", b"RIFF", b"ID3", b"\xff" * 99]
)
def test_what_is_not_recognised_is_no_error(content, tmp_path):
    (tmp_path / "a").write_bytes(content)
    assert identify(tmp_path / "a").kind == "not recognised"
    assert identify(tmp_path / "none").kind == "not recognised"


def as_jpeg(pixels, quality):
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=quality)
    return np.asarray(Image.open(file))


@pytest.mark.parametrize("quality", [25, 50, 75, 90, 95])
def test_a_decoded_jpeg_shows_its_quality(quality, photographs):
    found = [traces.jpeg_quality(as_jpeg(image, quality)) for image in photographs[:60]]
    assert sum(abs(each - quality) < 3 for each in found) > 50


def test_what_was_no_jpeg_shows_none(photographs):
    assert not any(map(traces.jpeg_quality, photographs[:200]))
    drawn = np.zeros((64, 64, 3), np.uint8)
    drawn[10:40, 12:50] = [200, 30, 90]
    for flat in (drawn, np.zeros((8, 8, 3), np.uint8), np.zeros((1, 1, 3), np.uint8)):
        assert traces.jpeg_quality(flat) == 0
    assert traces.jpeg_quality(np.asarray(PICTURE)) == 0
    crop = as_jpeg(np.asarray(PICTURE.resize((300, 300))), 75)[3:, 5:]
    assert traces.jpeg_quality(crop) == 0  # its grid is elsewhere: not found, as documented


@pytest.mark.parametrize(("bitrate", "hertz"), [(32, 8_400), (64, 16_300), (128, 20_200)])
def test_mp3_cuts_the_spectrum_off(bitrate, hertz):
    decoded = mp3.compress(NOISE, bitrate)[0]
    assert traces.cutoff(decoded, 44100) == pytest.approx(hertz, rel=0.04)
    assert traces.cutoff(NOISE, 44100) == 0


def test_speech_and_silence_are_not_cut_off():
    falling = np.cumsum(NOISE[:8000], axis=0).astype(np.float32)
    for sound in (falling, 0 * NOISE, NOISE[:100], NOISE[:0], NOISE * np.nan):
        assert traces.cutoff(sound, 8000) == 0


def folder(root, images, **kinds):
    """A folder for every class, of images that are written in some way."""
    for label, (ending, options) in kinds.items():
        (root / label).mkdir(parents=True)
        for i, image in enumerate(images):
            Image.fromarray(image).save(root / label / f"{i}{ending}", **options)
    return root


def test_classes_that_went_through_different_codecs_are_told(tmp_path, photographs, capsys):
    root = folder(tmp_path, photographs[:30], cat=(".jpg", {"quality": 75}), dog=(".png", {}))
    (root / "__MACOSX").mkdir()
    for hidden in ("cat/Thumbs.db", "dog/.DS_Store", "__MACOSX/0.png"):
        (root / hidden).touch()
    program.main([str(root)])
    *lines, last = capsys.readouterr().out.splitlines()
    assert lines[0].endswith("kB in 60 files, 32 x 32 pixels")
    assert lines[1:] == [
        "  cat: JPEG of quality 75, 4:2:0 30",
        "  dog: PNG 30",
        "Went through: JPEG of quality 75, 4:2:0 (30 of 60 files).",
    ]
    assert last.startswith("Classes differ: JPEG of quality 75, 4:2:0 makes up 100% of cat and 0% ")


def test_a_few_files_of_a_codec_among_others_are_not_the_codec_of_all(tmp_path, photographs):
    kinds = {"a": (".gif", {}), "b": (".jpg", {"quality": 75})}
    root = folder(tmp_path, photographs[:5], **kinds)
    paths = sorted(root.rglob("*.*"))
    assert audit(paths, [path.parent.name for path in paths]).codec == ""
    assert audit(paths[5:], ["b"] * 5)[4:6] == ("jpeg", 75)


def test_a_class_that_was_jpeg_once_is_told(tmp_path, photographs):
    root = folder(tmp_path, photographs[:30], cat=(".png", {}))
    paths = sorted((root / "cat").iterdir())
    for i, image in enumerate(photographs[:30]):
        path = tmp_path / f"{i}.png"
        Image.fromarray(as_jpeg(image, 50)).save(path)
        paths.append(path)
    found = audit(paths, ["cat"] * 30 + ["dog"] * 30)
    assert "of 60 lossless images examined show the 8x8 grid of JPEG" in found.warnings[0]
    assert found.warnings[1].startswith("Classes differ: PNG that was JPEG near quality 50 makes")
    assert "PNG that was JPEG near quality 50 (" in found.prior
    assert found.codec == ""


def test_classes_that_differ_by_chance_are_not_told(tmp_path, photographs):
    rng = np.random.default_rng(3)
    paths = []
    for i, image in enumerate(photographs[:60]):
        path = tmp_path / f"{i}"
        Image.fromarray(image).save(path, "JPEG", quality=int(rng.choice([75, 90])))
        paths.append(path)
    found = audit(paths, [*"abcdefghijkl"] * 5)
    assert found.warnings == []
    assert (found.codec, found.rate) == ("jpeg", 90)


def test_sounds_that_were_mp3_are_told(tmp_path):
    for i in range(4):
        for name, samples in (("a", mp3.compress(np.roll(NOISE, 999 * i), 64)[0]), ("b", NOISE)):
            (tmp_path / name).mkdir(exist_ok=True)
            soundfile.write(tmp_path / name / f"{i}.wav", samples, 44100)
    paths = sorted(tmp_path.rglob("*.wav"))
    warnings = audit(paths, [path.parent.name for path in paths]).warnings
    assert warnings[0].startswith("The sounds of a are cut off at 16.")


def test_the_finding_is_told_and_stored_before_a_preparation(
    tmp_path, photographs, command, capsys
):
    root = folder(tmp_path / "mine", photographs[:10], cat=(".jpg", {"quality": 60}),
                  dog=(".jpg", {"quality": 60}))  # fmt: skip
    (root / "cat" / "notes.txt").touch()
    flags = ["--source", root, "--quality", 0, 50, 90]
    code, error = command(prepare_images.main, *flags)
    assert code == 0
    assert error.splitlines()[-1] == (
        "The files were already compressed at quality 60: quality 90 is above that and restores "
        "nothing."
    )
    stored = loading.load(prepare_images_folder(root, "quality_50"), 50).attributes
    prior = "JPEG of quality 60, 4:2:0"
    assert (stored["audit"]["prior"], stored["audit"]["rate"]) == (prior, 60)
    size = sum(path.stat().st_size for path in root.rglob("*.jpg")) / 1e3
    assert stored["found"] == (
        f"2 classes; 16 train and 4 test items. {size:.0f} kB in 20 files, 32 x 32 pixels. "
        f"Went through: {prior}. Ignored: 1 .txt file."
    )
    assert command(prepare_images.main, *flags) == (0, "")


def prepare_images_folder(root, rate):
    return prepare_images.DOMAIN.data_root(prepare_images.parse_args([])) / folder_name(root) / rate


def test_sounds_are_audited_before_a_preparation_too(tmp_path, command):
    for name in ("cat", "dog"):
        (tmp_path / name).mkdir()
        for i in range(2):
            (tmp_path / name / f"{i}.mp3").write_bytes(mp3.encode(mp3.to_pcm(NOISE), 64, "lameenc"))
    command(prepare_sounds.main, "--source", tmp_path, "--bitrate", 128)
    data = prepare_sounds.DOMAIN.data_root(prepare_sounds.parse_args([])) / folder_name(tmp_path)
    stored = loading.load(data / "bitrate_128", 128).attributes
    assert stored["audit"]["prior"] == "MP3 of 64 kb/s"
    assert "1.05 s at 44,100 Hz. Went through: MP3 of 64 kb/s." in stored["found"]


def test_ten_thousand_files_take_seconds(tmp_path):
    for i in range(10_000):
        (tmp_path / f"{i}.jpg").hardlink_to(tmp_path / "0.jpg") if i else PICTURE.save(
            tmp_path / "0.jpg"
        )
    command = [sys.executable, "-m", "helmholtz.audit", str(tmp_path)]
    assert (
        "10,000"
        in subprocess.run(command, capture_output=True, text=True, timeout=30, check=True).stdout
    )


def test_a_folder_that_is_none_is_an_error(tmp_path, command):
    assert command(program.main, tmp_path / "none")[0] == 3
    assert command(program.main, tmp_path) == (3, f"{tmp_path} holds no files.\n")
