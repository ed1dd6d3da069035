"""What was made to do harm is refused, or shown as text, and nothing is touched."""

import io
import json
import tarfile
import zipfile

import numpy as np
import pytest
from archives import batch, cifar_archive, zip_of
from PIL import Image

from audio import idmt
from audio.constants import CLASS_FOLDERS
from cifar import cifar10, predict, prepare, sources, train
from helmholtz.errors import DataError
from helmholtz.report.__main__ import main as report

HOSTILE = [
    "<script>alert(1)<\u2215script>",
    "; touch PWNED",
    "$(touch PWNED)",
    "`touch PWNED`",
    "-h",
]


def everything(folder):
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*"))


def evil_tar(path, **changes):
    """An archive of CIFAR-10 with a member more, of which fields of its header are changed."""
    with tarfile.open(path, "w:gz") as archive:
        for fields in ({"name": "data_batch_1"}, {"name": "test_batch"}, changes):
            info = tarfile.TarInfo()
            for field, value in ({"size": len(batch(0))} | fields).items():
                setattr(info, field, value)
            archive.addfile(info, io.BytesIO(batch(0)))
    return path


@pytest.mark.parametrize(
    "changes",
    [
        {"name": "../../PWNED"},
        {"name": "/PWNED"},
        {"name": "a/../../data_batch_2/../../PWNED"},
        {"name": "data_batch_9", "type": tarfile.SYMTYPE, "linkname": "/etc/passwd", "size": 0},
        {"name": "data_batch_9", "type": tarfile.LNKTYPE, "linkname": "../PWNED", "size": 0},
        {"name": "data_batch_9", "type": tarfile.CHRTYPE, "devmajor": 1, "devminor": 5, "size": 0},
        {"name": "data_batch_9", "type": tarfile.FIFOTYPE, "size": 0},
    ],
)
def test_other_members_of_an_archive_are_not_touched(changes, tmp_path):
    inner = tmp_path / "inner"
    inner.mkdir()
    path = evil_tar(inner / "a.tar.gz", **changes)
    parts = cifar10.read_archive(path)[1]
    assert [len(parts[split][1]) for split in ("train", "test")] == [10, 10]
    assert everything(tmp_path) == ["inner", "inner/a.tar.gz"]


def test_a_member_of_a_hundred_gigabytes_is_not_read(tmp_path):
    info = tarfile.TarInfo("data_batch_2")
    info.size = 100 << 30
    with tarfile.open(tmp_path / "a.tar.gz", "w:gz") as archive:
        archive.fileobj.write(info.tobuf())
    with pytest.raises(DataError, match="claims to have 107374182400 bytes"):
        cifar10.read_archive(tmp_path / "a.tar.gz")


@pytest.mark.parametrize("content", [batch(0), b"\x96" + (1 << 50).to_bytes(8, "little")])
def test_an_archive_that_is_not_laid_out_as_expected_is_told(content, tmp_path, monkeypatch):
    """The second claims to be a bytearray of a million gigabytes."""
    path = cifar_archive(tmp_path / "a.tar.gz", monkeypatch, {"data_batch_1": content})
    with pytest.raises(DataError, match="is not laid out as expected"):
        cifar10.read_archive(path)


def evil_zip(path, names):
    """A zip with the two nested zips of IDMT under hostile names."""
    nested = {}
    for name, classes in zip(names, CLASS_FOLDERS.values(), strict=True):
        places = [f"{above}Samples/{label}" for label in classes for above in ("", "../../")]
        files = {f"{place}/{'PWNED' if '..' in place else 'a'}.wav": b"RIFF" for place in places}
        nested[name] = zip_of(files)
    path.write_bytes(zip_of(nested))
    return path


def test_nested_zips_are_copied_to_their_folder_whatever_their_names(tmp_path):
    names = ["../../Gitarre monophon.zip", "/tmp/../Gitarre monophon2.zip"]
    (tmp_path / "in").mkdir()
    path = evil_zip(tmp_path / "in" / "a.zip", names)
    found = idmt.read_archive(path, tmp_path / "in" / "copies")
    assert found["Chorus"][0].read() == b"RIFF"
    assert everything(tmp_path) == [
        "in", "in/a.zip", "in/copies", "in/copies/.lock",
        "in/copies/Gitarre monophon.zip", "in/copies/Gitarre monophon2.zip",
    ]  # fmt: skip


def test_a_zip_that_claims_a_hundred_gigabytes_is_not_read(tmp_path):
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("Gitarre monophon/Samples/Chorus/a.wav", b"RIFF")
        archive.filelist[0].file_size = 100 << 30
    idmt._opened.cache_clear()
    with pytest.raises(DataError, match="claims to have 107374182400 bytes"):
        idmt.Member(path, "Gitarre monophon/Samples/Chorus/a.wav").read()


def test_an_image_of_65500_by_65500_is_not_decoded(tmp_path):
    """Its header alone: what comes after would be four billion pixels."""
    file = io.BytesIO()
    Image.new("RGB", (8, 8)).save(file, "JPEG")
    content = bytearray(file.getvalue())
    size = content.index(b"\xff\xc0") + 5
    content[size : size + 4] = (65_500).to_bytes(2, "big") * 2
    (tmp_path / "bomb.jpg").write_bytes(content)
    with pytest.raises(DataError, match=r"bomb.jpg is (larger|damaged)"):
        sources.read_image(tmp_path / "bomb.jpg", 32)


def test_postscript_is_no_image(tmp_path):
    """Pillow would start Ghostscript, which executes it."""
    Image.new("RGB", (32, 32)).save(tmp_path / "x.eps")
    (tmp_path / "x.eps").rename(tmp_path / "x.png")
    with pytest.raises(DataError, match="cannot be read as an image"):
        sources.read_image(tmp_path / "x.png", 32)


def test_hostile_names_of_classes_and_files_are_text(tmp_path, monkeypatch, command, capsys):
    monkeypatch.chdir(tmp_path)
    noise = np.random.default_rng(0).integers(0, 256, (32, 32, 3), np.uint8)
    for name in HOSTILE:
        (tmp_path / "photos" / name).mkdir(parents=True)
        for i in range(2):
            Image.fromarray(noise).save(tmp_path / "photos" / name / f"{name[:9]}{i}.png")
    assert command(prepare.main, "--source", "photos", "--quality", 5)[0] == 0
    run = ["--source", "photos", "--quality", 5, "--num_epoch", 1, "--log_dir", "logs/run"]
    assert command(train.main, *run) == (0, "")
    image = "photos/; touch PWNED/; touch P0.png"
    capsys.readouterr()
    predict.main([image, "--log_dir", "logs/run", "--top", "5", "--json"])
    answer = json.loads(capsys.readouterr().out)
    assert answer["file"] == image
    assert sorted(answer["probabilities"]) == sorted(HOSTILE)
    assert command(report, "logs", "--out", "report")[0] == 0
    assert "<script>alert" not in (tmp_path / "report" / "index.html").read_text()
    assert not list(tmp_path.rglob("PWNED"))
