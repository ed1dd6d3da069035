"""Export: everything readable arrives, what is there is left alone, and a killed one goes on."""

import csv
import hashlib
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import soundfile
from PIL import Image

from audio import codecs as sound_codecs
from cifar import codecs as image_codecs
from helmholtz.audit.files import identify
from helmholtz.errors import MachineError
from helmholtz.export import __main__ as program

RNG = np.random.default_rng(0)
WEBP = ["--codec", "webp", "--quality", 25]


def picture(width=40, height=30):
    low = RNG.integers(0, 256, (4, 4, 3), np.uint8)
    return Image.fromarray(low).resize((width, height), Image.Resampling.BICUBIC)


def digests(folder):
    """Of every file below a folder, what it holds and when it was changed."""
    return {
        path: (hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_mtime_ns)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def manifest(out):
    with open(out / "manifest.csv", encoding="utf-8", errors="surrogateescape", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def photos(tmp_path):
    """A small tree of images."""
    for label in ("cat", "dog"):
        (tmp_path / "photos" / "train" / label).mkdir(parents=True)
        for i in range(6):
            picture(40 + i).save(tmp_path / "photos" / "train" / label / f"{i}.png")
    return tmp_path / "photos"


@pytest.fixture
def messy(photos):
    """The same with what users have: odd names and modes, two of a name, and broken files."""
    picture().convert("L").save(photos / 'grey, "quoted".png')
    picture().convert("RGBA").save(photos / "alpha.PNG")
    picture(1, 1).save(photos / "line\nbreak.png")
    picture().save(os.fsencode(photos) + b"/latin-\xe9.png")
    Image.fromarray(np.arange(600, dtype=np.uint16).reshape(20, 30)).save(photos / "deep.png")
    for ending in (".png", ".jpg", ".bmp"):
        picture().save(photos / f"twin{ending}")
    (photos / "broken.jpg").write_text("broken")
    (photos / "empty.png").touch()
    (photos / "labels.csv").write_text("a,b\n")
    (photos / "x.heic").touch()
    (photos / ".hidden.png").touch()
    (photos / "away.png").symlink_to(photos / "nowhere.png")
    return photos


def test_a_messy_folder_arrives_and_is_not_touched(messy, tmp_path, command):
    before, out = digests(messy), tmp_path / "out"
    code, error = command(program.main, messy, out, *WEBP)
    assert code == 3
    lines = error.splitlines()
    assert lines[0].startswith("Ignored: 1 .heic file (`pip install pillow-heif`, or convert them")
    assert lines[1] == "3 files could not be exported:"
    assert {line.split(" ")[0] for line in lines[2:]} == {
        str(messy / name) for name in ("broken.jpg", "empty.png", "away.png")
    }
    assert digests(messy) == before
    rows = manifest(out)
    assert len(rows) == 12 + 8
    for row in rows:
        source, made = messy / row["name"], out / row["exported"]
        for path, when in ((source, "before"), (made, "after")):
            content = path.read_bytes()
            assert int(row[f"bytes_{when}"]) == len(content)
            assert row[f"sha256_{when}"] == hashlib.sha256(content).hexdigest()
        assert Image.open(made).size == Image.open(source).size
        assert identify(made).kind == "lossy WebP"
    made = {str(path.relative_to(out)) for path in out.rglob("*") if path.is_file()}
    assert made == {row["exported"] for row in rows} | {"manifest.csv", ".lock"}
    assert {"twin.png.webp", "twin.jpg.webp", "twin.bmp.webp", "alpha.webp"} <= made


def test_again_it_changes_nothing_and_says_the_same(messy, tmp_path, command):
    out = tmp_path / "out"
    first = command(program.main, messy, out, *WEBP)
    before = digests(out)
    assert command(program.main, messy, out, *WEBP) == first
    after = digests(out)
    assert {p: v for p, v in before.items() if p.name != "manifest.csv"} == {
        p: v for p, v in after.items() if p.name != "manifest.csv"
    }
    assert after[out / "manifest.csv"][0] == before[out / "manifest.csv"][0]


def test_a_file_that_is_there_is_not_overwritten(photos, tmp_path, command):
    out = tmp_path / "out"
    (out / "train" / "cat").mkdir(parents=True)
    (out / "train" / "cat" / "0.webp").write_text("mine")
    code, error = command(program.main, photos, out, *WEBP)
    assert (code, (out / "train" / "cat" / "0.webp").read_text()) == (3, "mine")
    assert "0.webp is there, and is not what it would become" in error
    assert len(manifest(out)) == 11


def test_a_source_that_has_changed_since_is_told(photos, tmp_path, command):
    out = tmp_path / "out"
    command(program.main, photos, out, *WEBP)
    picture(9, 9).save(photos / "train" / "dog" / "3.png")
    code, error = command(program.main, photos, out, *WEBP)
    assert (code, str(photos / "train" / "dog" / "3.png") in error) == (3, True)
    (out / "train" / "dog" / "3.webp").unlink()
    assert command(program.main, photos, out, *WEBP)[0] == 0
    assert Image.open(out / "train" / "dog" / "3.webp").size == (9, 9)


def test_the_manifest_names_no_file_that_is_gone(photos, tmp_path, command):
    out = tmp_path / "out"
    command(program.main, photos, out, *WEBP)
    (out / "train" / "dog" / "3.webp").unlink()
    (photos / "train" / "dog" / "3.png").write_text("broken")
    assert command(program.main, photos, out, *WEBP)[0] == 3
    assert "train/dog/3.png" not in [row["name"] for row in manifest(out)]


def test_a_file_keeps_its_name_when_a_twin_comes_later(photos, tmp_path, command):
    out, cat = tmp_path / "out", photos / "train" / "cat"
    assert command(program.main, photos, out, *WEBP)[0] == 0
    picture().save(cat / "0.jpg")
    assert command(program.main, photos, out, *WEBP) == (0, "")
    there = {str(path.relative_to(out)) for path in out.rglob("*.webp")}
    assert there == {row["exported"] for row in manifest(out)}
    assert {"train/cat/0.webp", "train/cat/0.jpg.webp"} <= there


def test_folders_of_classes_may_be_links(photos, tmp_path, command):
    linked = tmp_path / "linked"
    linked.mkdir()
    for label in ("cat", "dog"):
        (linked / label).symlink_to(photos / "train" / label)
    (photos / "train" / "cat" / "all").symlink_to(photos)  # without an end
    assert command(program.main, linked, tmp_path / "out", *WEBP)[0] == 0
    assert len(manifest(tmp_path / "out")) == 12


def test_another_rate_takes_another_folder(photos, tmp_path, command):
    command(program.main, photos, tmp_path / "out", *WEBP)
    code, error = command(program.main, photos, tmp_path / "out", *WEBP[:-1], 50)
    assert (code, "holds files of webp 25" in error) == (2, True)
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "manifest.csv").write_text("a,b\n1,2\n")
    code, error = command(program.main, photos, tmp_path / "own", *WEBP)
    assert (code, "is not of an export" in error) == (2, True)


@pytest.mark.parametrize(
    ("folders", "flags", "said", "code"),
    [
        (("photos", "photos"), WEBP, "overlap", 2),
        (("photos", "photos/out"), WEBP, "overlap", 2),
        (("photos/train", "photos"), WEBP, "overlap", 2),
        (("none", "out"), WEBP, "is not a folder", 3),
        (("photos", "out"), ["--codec", "webp", "--bitrate", 64], "WebP takes --quality.", 2),
        (("photos", "out"), ["--codec", "mp3", "--bitrate", 65], "There is no 65 kb/s", 2),
        (("photos", "out"), ["--codec", "mp3", "--bitrate", 64], "holds no file such as .wav", 3),
        (("photos", "out"), ["--codec", "webp", "--quality", 0], "1 or more", 2),
    ],
)
def test_what_cannot_be_done_is_said_in_a_sentence(
    folders, flags, said, code, photos, tmp_path, command
):
    found, error = command(program.main, *(tmp_path / name for name in folders), *flags)
    assert (found, len(error.splitlines()), said in error) == (code, 1, True)
    assert not (tmp_path / "out" / "manifest.csv").exists()


def killed(arguments, out, after):
    """Start an export and kill it when so many files have arrived."""
    child = subprocess.Popen([sys.executable, "-m", "helmholtz.export", *map(str, arguments)])
    until = time.monotonic() + 60
    while child.poll() is None and time.monotonic() < until:
        if len(list(out.rglob("*.avif"))) >= after:
            break
        time.sleep(0.005)
    child.send_signal(signal.SIGKILL)
    return child.wait()


def test_killed_in_the_middle_it_goes_on(tmp_path, command):
    photos, out = tmp_path / "photos", tmp_path / "out"
    (photos / "cat").mkdir(parents=True)
    for i in range(60):
        picture(200, 200).save(photos / "cat" / f"{i:02d}.png")
    before, arguments = digests(photos), [photos, out, "--codec", "avif", "--quality", 50]
    assert killed(arguments, out, 5) == -signal.SIGKILL
    assert killed(arguments, out, 20) == -signal.SIGKILL
    arrived = digests(out / "cat")
    assert 20 <= len(arrived) < 60
    with open(out / "manifest.csv", "a") as file:  # a row that was cut, and a file that was
        file.write("cat/59.png,cat/59.avif,av")
    (out / ".tmp-0123").write_text("half")
    assert command(program.main, *arguments) == (0, "")
    assert digests(photos) == before
    assert arrived.items() <= digests(out / "cat").items()  # none was made twice
    rows = manifest(out)
    assert [row["name"] for row in rows] == [f"cat/{i:02d}.png" for i in range(60)]
    for row in rows:
        content = (out / row["exported"]).read_bytes()
        assert row["sha256_after"] == hashlib.sha256(content).hexdigest()
    assert not list(out.rglob(".tmp-*"))


@pytest.mark.parametrize("content", [b"", b"\n", b"name,exported\n", b"x" * 200_000])
def test_another_file_in_place_of_a_manifest_is_told(content, photos, tmp_path, command):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "manifest.csv").write_bytes(content)
    code, error = command(program.main, photos, tmp_path / "out", *WEBP)
    assert (code, "is not of an export" in error) == (2, True), error


@pytest.mark.parametrize("old", [b",webp,25,", b".webp"])
def test_a_damaged_row_of_a_manifest_counts_as_none(old, photos, tmp_path, command):
    """Its file is not known to be ours, and neither taken for it nor overwritten."""
    assert command(program.main, photos, tmp_path / "out", *WEBP)[0] == 0
    path, before = tmp_path / "out" / "manifest.csv", len(manifest(tmp_path / "out"))
    rows = path.read_bytes().replace(b",webp,25,", b",webp,25,x,", 1)
    path.write_bytes(rows if old != b".webp" else rows.replace(b".webp", b"x" * 300, 1))
    code, error = command(program.main, photos, tmp_path / "out", *WEBP)
    assert (code, "1 file could not be exported" in error) == (3, True), error
    assert len(manifest(tmp_path / "out")) == before - 1


def test_a_name_that_would_be_too_long_is_listed(photos, tmp_path, command):
    picture().save(photos / f"{'a' * 251}.png")
    code, error = command(program.main, photos, tmp_path / "out", *WEBP)
    assert (code, "would be too long: shorten it" in error) == (3, True), error
    assert len(manifest(tmp_path / "out")) == 12


@pytest.mark.parametrize("name", image_codecs.TABLE)
def test_every_codec_of_images_can_be_exported(name, photos, tmp_path, command):
    codec = image_codecs.TABLE[name]
    require(codec)
    flags = ["--codec", name, "--quality", codec.grid[-1]]
    assert command(program.main, photos, tmp_path / "out", *flags) == (0, "")
    for row in manifest(tmp_path / "out"):
        pixels = np.asarray(Image.open(photos / row["name"]))
        sizes = codec.compress(pixels, codec.grid[-1])[1]
        assert int(row["bytes_after"]) == sizes  # what training was told


@pytest.mark.parametrize("name", sound_codecs.TABLE)
def test_every_codec_of_sounds_can_be_exported(name, tmp_path, command):
    codec = sound_codecs.TABLE[name]
    require(codec)
    sounds, out = tmp_path / "sounds", tmp_path / "out"
    sounds.mkdir()
    for sample_rate, channels in ((8000, 1), (44100, 2), (48000, 1)):
        samples = RNG.normal(0, 0.1, (sample_rate // 2, channels)).astype(np.float32)
        soundfile.write(sounds / f"{sample_rate}.wav", samples, sample_rate)
    assert command(program.main, sounds, out, "--codec", name, "--bitrate", 48) == (0, "")
    for row in manifest(out):
        made = out / row["exported"]
        assert identify(made).codec == name
        if name != "aac":
            found = soundfile.info(made)
            assert found.duration == pytest.approx(0.5, abs=0.2)
            assert found.channels == 1 + ("44100" in row["name"])


def test_sounds_are_mixed_down_where_that_was_asked(tmp_path, command):
    sounds, out = tmp_path / "sounds", tmp_path / "out"
    sounds.mkdir()
    soundfile.write(sounds / "a.wav", RNG.normal(0, 0.1, (22050, 2)), 44_100)
    flags = ["--codec", "opus", "--bitrate", 8]  # which stereo cannot have
    assert command(program.main, sounds, out, *flags, "--mono") == (0, "")
    assert soundfile.info(out / "a.opus").channels == 1
    code, error = command(program.main, sounds, out, *flags)
    assert (code, "mono): give another folder" in error) == (2, True)
    code, error = command(program.main, sounds, out, *WEBP, "--mono")
    assert (code, "--mono is for sounds" in error) == (2, True)


def test_a_sound_that_cannot_have_the_rate_is_listed(tmp_path, command):
    (tmp_path / "sounds").mkdir()
    for sample_rate in (8000, 44100):
        path = tmp_path / "sounds" / f"{sample_rate}.wav"
        soundfile.write(path, RNG.normal(0, 0.1, sample_rate), sample_rate)
    flags = ["--codec", "mp3", "--bitrate", 128]
    code, error = command(program.main, tmp_path / "sounds", tmp_path / "out", *flags)
    assert (code, "8000.wav: There is no 128 kb/s of sound of 8,000 Hz" in error) == (3, True)
    assert [row["exported"] for row in manifest(tmp_path / "out")] == ["44100.mp3"]


def require(codec):
    try:
        codec.available()
    except MachineError as lack:
        pytest.skip(str(lack))
