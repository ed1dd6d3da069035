"""Feed broken files to every reader of what comes from outside, and watch what happens.

python tests/fuzz.py [--minutes 60] [--only image sound] [--seed 0]

Not part of the quick tests. Hypothesis breaks good files, in bytes or, where they are text, in
their words, and shrinks what it finds. A reader must take a file or refuse it with one of the
project's errors: anything else, a crash, a hang, more than a gigabyte of memory, a program started
or a write outside its own folder is a finding. Each reader works in a process of its own.
"""

import argparse
import csv
import faulthandler
import io
import json
import os
import resource
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
import warnings
from pathlib import Path

import fuzz_kinds as kinds
import h5py
import hypothesis
import numpy as np
import soundfile
from archives import batch, tar_of, zip_of
from hypothesis import strategies as st
from PIL import Image

from helmholtz.errors import DataError, UsageError

PATIENCE = 60  # seconds for an example
MEMORY = 1 << 30  # bytes
BATCH = 500  # examples between two looks at the clock
WRITES = {"os.remove", "os.rename", "os.mkdir", "os.rmdir", "os.symlink", "os.link", "os.truncate"}
STARTS = {"subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "socket.connect"}
STARTS |= {"os.fork", "os.forkpty", "os.spawn"}
NOISE = ("Note:", "Warning:", "[src/libmpg123")  # of libmpg123
REFUSALS = (DataError, UsageError)
BREAKS = b',:\n{}[] "'  # between words
WORDS = ["nan", "inf", "-1", "1e999", "9" * 400, "null", "[]", "{}", "true", '"', ",", "\n", "\0"]
WORDS += ["<script>alert(1)</script>", "../../x", "; touch PWNED", "\ud800", "[" * 5000]


# Good files of every kind.


def images() -> list[bytes]:
    noise = np.random.default_rng(0).integers(0, 256, (40, 30, 4), np.uint8)
    image, found = Image.fromarray(noise), []
    exif = Image.Exif()
    exif[0x0112] = 6
    for kind, mode, options in [
        ("PNG", "RGBA", {}), ("PNG", "P", {}), ("PNG", "I;16", {}), ("JPEG", "RGB", {"exif": exif}),
        ("JPEG", "CMYK", {"progressive": True}), ("GIF", "P", {}), ("BMP", "RGB", {}),
        ("TIFF", "RGB", {"compression": "tiff_lzw"}), ("TIFF", "CMYK", {"compression": "jpeg"}),
        ("WEBP", "RGBA", {}), ("PPM", "RGB", {}), ("ICO", "RGBA", {}), ("TGA", "RGB", {}),
        ("JPEG2000", "RGB", {}), ("EPS", "RGB", {}), ("PCX", "RGB", {}), ("DDS", "RGBA", {}),
    ]:  # fmt: skip
        as_mode = Image.fromarray(noise[..., 0].astype("u2")) if mode == "I;16" else image
        file = io.BytesIO()
        as_mode.convert(mode).save(file, kind, **options)
        found.append(file.getvalue())
    return found


def sounds() -> list[bytes]:
    wave = np.random.default_rng(0).normal(0, 0.1, (2000, 2))
    found = []
    for kind, subtype in [
        ("WAV", "PCM_16"), ("WAV", "PCM_24"), ("WAV", "FLOAT"), ("WAV", "IMA_ADPCM"),
        ("FLAC", "PCM_16"), ("OGG", "VORBIS"), ("OGG", "OPUS"), ("AIFF", "PCM_16"),
        ("MP3", "MPEG_LAYER_III"), ("CAF", "ALAC_16"), ("AU", "ULAW"),
    ]:  # fmt: skip
        file = io.BytesIO()
        rate = 48_000 if subtype == "OPUS" else 22_050
        soundfile.write(file, wave, rate, subtype, format=kind)
        found.append(file.getvalue())
    return found


def foreign_hdf5() -> list[bytes]:
    found = []
    for options in ({}, {"compression": "gzip"}, {"compression": "lzf", "fletcher32": True}):
        file = io.BytesIO()
        with h5py.File(file, "w") as hdf5:
            hdf5.create_dataset("data", data=np.zeros((4, 8, 8, 3), "float32"), **options)
            hdf5["label"] = np.eye(4, dtype="float32")
        found.append(file.getvalue())
    return found


def own_hdf5() -> list[bytes]:
    from helmholtz.io import store

    with tempfile.TemporaryDirectory() as folder:
        with store.create(Path(folder, "x.h5")) as file:
            file["data"] = np.zeros((4, 8, 8, 3), "uint8")
            file["label"] = np.arange(4)
            sizes = {
                "raw_bytes": 768,
                "file_bytes": 700,
                "scan_bytes": 70,
                "items": 4,
                "source": "x",
            }
            store.set_attributes(file, {"classes": list("abcd"), "rate": 5, **sizes})
        return [Path(folder, "x.h5").read_bytes()]


def tars() -> list[bytes]:
    return [tar_of({f"cifar/{n}": batch(0) for n in ("data_batch_1", "test_batch")}), batch(0)]


def zips() -> list[bytes]:
    from audio.constants import CLASS_FOLDERS

    cut = sounds()[0][:200]
    nested = {
        f"{part}.zip": zip_of({f"Samples/{label}/a.wav": cut for label in classes})
        for part, classes in CLASS_FOLDERS.items()
    }
    return [zip_of(nested)]


def run_files() -> list[bytes]:
    """The three files of a finished run, one after the other with a line between them."""
    from report_runs import make_run

    with tempfile.TemporaryDirectory() as folder:
        made = make_run(Path(folder), rate=5, epochs=12, test_acc=0.5)
        setting = json.loads((made / "setting.json").read_text()) | {"shape": [32, 32, 3]}
        (made / "setting.json").write_text(json.dumps(setting))
        return [b"\n====\n".join((made / name).read_bytes() for name in RUN_FILES)]


RUN_FILES = ("setting.json", "history.csv", "result.json")


# Readers, each of a file's content in an empty folder.


def read_image(content: bytes, folder: Path) -> None:
    from cifar.domain import DOMAIN

    (folder / "x.png").write_bytes(content)
    DOMAIN.prepare_file(folder / "x.png", {"rate": 5, "shape": [32, 32, 3], "data": {"codec": ""}})


def read_sound(content: bytes, folder: Path) -> None:
    from audio.sources import read_clip

    (folder / "x.wav").write_bytes(content)
    read_clip(folder / "x.wav", mono=True, dur=None)


def read_hdf5(content: bytes, folder: Path) -> None:
    from helmholtz.data import loading, preparation

    for split in preparation.SPLITS:
        (folder / f"{split}.h5").write_bytes(content)
    loading.load(folder, 5)


def read_archive(content: bytes, folder: Path) -> None:
    from cifar import cifar10

    if not content.startswith(b"cifar"):  # a lone batch
        content = tar_of({"data_batch_1": content, "test_batch": content})
    with tarfile.open(folder / "x.tar.gz", "w:gz") as good:  # so that gzip is no obstacle
        good.fileobj.write(content)
    cifar10.read_archive(folder / "x.tar.gz")


def read_zip(content: bytes, folder: Path) -> None:
    from audio import idmt

    (folder / "x.zip").write_bytes(content)
    idmt._opened.cache_clear()
    found = idmt.read_archive(folder / "x.zip", folder / "copies")
    for members in found.values():
        for member in members:
            member.read()


def read_run(content: bytes, folder: Path) -> None:
    """As resume, predict, the sweep and the report read it."""
    from cifar.domain import DOMAIN
    from helmholtz.analysis import logs
    from helmholtz.io import run_state, runs
    from helmholtz.sweep import plan

    run = folder / "cifar" / "sample" / "all-cnns" / "quality_5" / "seed_0"
    run.mkdir(parents=True)
    for name, part in zip(RUN_FILES, content.split(b"\n====\n"), strict=False):
        (run / name).write_bytes(part)
    whole = logs.read([folder], folder / "report")[0]
    assert len(whole) == 1
    (planned,) = plan.plan(*_sweep_flags(folder))
    plan.outlook(planned)
    plan.epochs(planned)
    old = runs.read_json(run / "setting.json")
    run_state.differences(old, {"data": {}, "versions": {}})
    setting = runs.read_setting(run, DOMAIN)
    Image.new("RGB", (32, 32)).save(folder / "x.png")
    DOMAIN.prepare_file(folder / "x.png", setting)


def _sweep_flags(folder: Path):
    from helmholtz.sweep.__main__ import parse_args

    flags = ["--source", "sample", "--quality", "5", "--log_dir", str(folder)]
    return parse_args(["cifar", *flags])


def report_run(content: bytes, folder: Path) -> None:
    """The whole report, with its figures and its page; no file of a run may stop it."""
    from helmholtz.report.__main__ import main

    for seed in (0, 1):
        run = folder / "logs" / "cifar" / "sample" / "all-cnns" / "quality_5" / f"seed_{seed}"
        run.mkdir(parents=True)
        for name, part in zip(RUN_FILES, content.split(b"\n====\n"), strict=False):
            (run / name).write_bytes(part)
    main([str(folder / "logs"), "--out", str(folder / "report")])
    list(csv.reader((folder / "report" / "runs.csv").read_text().splitlines()))
    json.loads((folder / "report" / "summary.json").read_text())
    assert "<script>alert" not in (folder / "report" / "index.html").read_text()


READERS = {  # name: good files, reader, share of the time
    "image": (images, read_image, 5),
    "sound": (sounds, read_sound, 5),
    "foreign hdf5": (foreign_hdf5, read_hdf5, 3),
    "own hdf5": (own_hdf5, read_hdf5, 1),
    "archive": (tars, read_archive, 2),
    "zip": (zips, read_zip, 2),
    "run": (run_files, read_run, 4),
    "report": (run_files, report_run, 2),
    "tables": (kinds.tables, kinds.report_tables, 1),
    "judged run": (kinds.judged_files, kinds.read_judged, 3),
    "index": (kinds.indexed, kinds.read_indexed, 1),
    "journal": (kinds.journals, kinds.read_journal, 1),
    "black box": (kinds.lines, kinds.read_lines, 1),
    "manifest": (kinds.manifests, kinds.read_manifest, 1),
    "keras file": (kinds.keras_files, kinds.read_keras, 3),
    "audited image": (kinds.audited_images, kinds.audit, 3),
    "audited sound": (kinds.audited_sounds, kinds.audit, 3),
    "coded image": (kinds.audited_images, read_image, 2),
    "coded sound": (kinds.audited_sounds, read_sound, 2),
}
SLOW = (report_run, kinds.report_tables, kinds.read_keras)  # a look at the clock after 20


# Breaking them.


@st.composite
def broken(draw, good: list[bytes]):
    """A good file after one to eight changes."""
    content = bytearray(draw(st.sampled_from(good)))
    for _ in range(draw(st.integers(1, 8))):
        start = draw(st.integers(0, max(0, len(content) - 1)))
        length = draw(st.integers(1, 16))
        kind = draw(st.sampled_from(["flip", "set", "word", "cut", "drop", "repeat", "splice"]))
        if kind == "flip" and content:
            content[start] ^= 1 << draw(st.integers(0, 7))
        elif kind == "set":
            content[start : start + length] = draw(
                st.sampled_from([b"\0" * length, b"\xff" * length, b"\x7f" + b"\xff" * length])
                | st.binary(min_size=length, max_size=length)
            )
        elif kind == "word":
            word = draw(st.sampled_from(WORDS)).encode("utf-8", "surrogatepass")
            if draw(st.booleans()):  # the whole word, which leaves a text well-formed
                start = max((content.rfind(c, 0, start) for c in BREAKS), default=-1) + 1
            content[start : _end_of_word(content, start)] = word
        elif kind == "cut":
            del content[start:]
        elif kind == "drop":
            del content[start : start + length]
        elif kind == "repeat":
            content[start:start] = content[start : start + length] * draw(st.integers(1, 50))
        elif kind == "splice":
            other = draw(st.sampled_from(good))
            content[start:] = other[start:]
    return bytes(content)


def _end_of_word(content: bytearray, start: int) -> int:
    end = start
    while end < len(content) and content[end] not in BREAKS and end < start + 40:
        end += 1
    return end


# Watching.


def watch(folder: Path) -> None:
    """From here on, a write outside folder or the start of a program is an error."""

    def look(event: str, args: tuple) -> None:
        writes = event in WRITES or (event == "open" and _writing(args))
        if event in STARTS or (writes and not _inside(args[0], folder)):
            raise AssertionError(f"{event}{args[:2]} outside {folder}")

    sys.addaudithook(look)


def _writing(args: tuple) -> bool:
    mode, flags = args[1], args[2] or 0
    return bool(flags & (os.O_WRONLY | os.O_RDWR)) or bool(mode and set(mode) & set("wax+"))


def _inside(path, folder: Path) -> bool:
    if isinstance(path, int):
        return True
    path = Path(os.path.abspath(os.fsdecode(path)))
    return path.is_relative_to(folder) or path == Path("/dev/null")


def work(name: str, seconds: float, seed: int, base: Path) -> None:
    """Fuzz one reader for some seconds; prints the number of examples and the memory it took."""
    hypothesis.configuration.set_hypothesis_home_dir(tempfile.gettempdir())
    make, reader, _ = READERS[name]
    good, counts = make(), {"taken": 0, "refused": 0}
    quiet = open(os.devnull, "w")  # noqa: SIM115
    folder = base / "work"
    _once(reader, good[0], folder, quiet, counts)  # whatever is imported lazily
    assert counts["taken"], "a good file is refused"
    watch(base)

    def example(content: bytes) -> None:
        (base / "last").write_bytes(content)
        _once(reader, content, folder, quiet, counts)

    until = time.monotonic() + seconds
    while time.monotonic() < until:
        settings = hypothesis.settings(
            max_examples=20 if reader in SLOW else BATCH,
            deadline=None, database=None, report_multiple_bugs=False,
            print_blob=False, suppress_health_check=list(hypothesis.HealthCheck),
        )  # fmt: skip
        test = hypothesis.given(broken(good))(example)
        hypothesis.seed(seed)(settings(test))()
        seed += 1
    print(json.dumps(counts | {"memory": _memory()}))


def _once(reader, content: bytes, folder: Path, quiet, counts: dict) -> None:
    folder.mkdir()
    faulthandler.dump_traceback_later(PATIENCE, exit=True)
    out, sys.stdout, err, sys.stderr = sys.stdout, quiet, sys.stderr, quiet
    try:
        reader(content, folder)
        counts["taken"] += 1
    except REFUSALS:
        counts["refused"] += 1
    finally:
        sys.stdout, sys.stderr = out, err
        faulthandler.cancel_dump_traceback_later()
        shutil.rmtree(folder)
    assert _memory() < MEMORY, f"{_memory() >> 20} MB of memory"


def _memory() -> int:
    return 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def fuzz(name: str, seconds: float, seed: int) -> bool:
    """Fuzz one reader in a process of its own; says what came out."""
    with tempfile.TemporaryDirectory() as base:
        command = [sys.executable, __file__, "--worker", name, "--seed", str(seed)]
        command += ["--minutes", str(seconds / 60), "--base", base]
        answer = subprocess.run(command, capture_output=True, text=True, cwd=base)
        left = sorted(p.name for p in Path(base).iterdir())
        if answer.returncode == 0 and left == ["last"]:
            said = json.loads(answer.stdout.splitlines()[-1])
            print(
                f"{name}: {said['taken'] + said['refused']:,} files in {seconds / 60:.1f} minutes, "
                f"{said['taken']:,} taken and {said['refused']:,} refused in a sentence; "
                f"{said['memory'] >> 20} MB",
                flush=True,
            )
            return True
        kept = f"finding-{name.replace(' ', '-')}"
        if left:
            shutil.copy(Path(base, "last"), kept)
        print(f"{name}: FOUND, exit {answer.returncode}, {left}, last file kept as {kept}")
        told = [line for line in answer.stderr.splitlines() if not line.startswith(NOISE)]
        print("\n".join(line[:200] for line in told[-60:]), flush=True)
        return False


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--only", nargs="+", choices=READERS, default=list(READERS))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--worker", choices=READERS, help=argparse.SUPPRESS)
    parser.add_argument("--base", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.worker:
        warnings.simplefilter("ignore")
        return work(args.worker, 60 * args.minutes, args.seed, args.base)
    shares = {name: READERS[name][2] for name in args.only}
    unit = 60 * args.minutes / sum(shares.values())
    passed = [fuzz(name, unit * share, args.seed) for name, share in shares.items()]
    sys.exit(0 if all(passed) else 1)


if __name__ == "__main__":
    main()
