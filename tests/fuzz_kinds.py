"""Further good files for fuzz.py, and the readers that they are for: what runs leave, and answers.

Files that are read together are one, with SEPARATOR between them.
"""

import contextlib
import io
import json
import tempfile
import zipfile
from functools import cache
from pathlib import Path

import numpy as np

SEPARATOR = b"\n====\n"
RUN = ("setting.json", "history.csv", "result.json")
JUDGED = ("predictions.csv", "evaluation.csv", "evaluation/jpeg_5.csv", "evaluation/jpeg_0.csv")
TABLES = ("runs.csv", "curves.csv", "matrix.csv")
INDEXED = ("index.json", "train-00000.h5", "test.h5")
NAMES = [f"{number:06d}.png" for number in range(6)]


def joined(folder: Path, names: tuple) -> bytes:
    return SEPARATOR.join((folder / name).read_bytes() for name in names)


def spread(content: bytes, folder: Path, names: tuple) -> None:
    """Write parts of a content to their files; a part that was lost is a file that is missing."""
    for name, part in zip(names, content.split(SEPARATOR), strict=False):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(part)


def judged_run(folder: Path, rate: int, seed: int = 0) -> Path:
    """A finished run with all predictions, judged at two rates."""
    from report_runs import make_run

    from helmholtz.io import evaluations, predictions

    made = make_run(folder, rate=rate, seed=seed, epochs=12, test_acc=0.75, codec="jpeg")
    setting = json.loads((made / "setting.json").read_text())
    (made / "setting.json").write_text(json.dumps(setting | {"shape": [32, 32, 3]}))
    rng = np.random.default_rng(seed)
    truth = np.arange(40) % 2
    predicted = np.where(np.arange(40) % 4 == 0, 1 - truth, truth)
    found = predictions.Predictions(np.arange(40), truth, predicted, rng.random(40))
    predictions.write(made / predictions.FILE, found)
    for at in (0, 5):
        evaluations.add(made, "jpeg", at, found, "1.0")
    return made


def judged_files() -> list[bytes]:
    with tempfile.TemporaryDirectory() as folder:
        return [joined(judged_run(Path(folder), 5), (*JUDGED, *RUN))]


def read_judged(content: bytes, folder: Path) -> None:
    """As the report and evaluate.py read them; the report stops at none."""
    from cifar.domain import DOMAIN
    from helmholtz.analysis import experiments, logs, transfer
    from helmholtz.errors import DataError
    from helmholtz.io import evaluations, predictions, runs

    run = judged_run(folder, 5)
    spread(content, run, (*JUDGED, *RUN))
    judged_run(folder, 0)
    found = logs.read([folder], folder / "report")[0]
    experiments.mark_not_counted([run.row for run in found])
    some, tested = experiments.experiments([run.row for run in found]), transfer.read(found)
    for one in some:
        transfer.transfer(one, tested, 0.01)
    for read, path in ((evaluations.read, run), (predictions.read, run / predictions.FILE)):
        with contextlib.suppress(DataError):
            read(path)
    from helmholtz.training import evaluate_command

    runs.read_setting(run, DOMAIN)
    args = evaluate_command.parse_args(DOMAIN, "", ["--log_dir", str(run), "--quality", "5"])
    evaluate_command._task(DOMAIN, run, args)


def tables() -> list[bytes]:
    """The tables of a report that are read again."""
    from helmholtz.report.__main__ import main

    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
        for rate in (0, 5):
            for seed in (0, 1):
                judged_run(Path(folder, "logs"), rate, seed)
        main([f"{folder}/logs", "--out", f"{folder}/report"])
        return [joined(Path(folder, "report"), TABLES)]


def report_tables(content: bytes, folder: Path) -> None:
    from helmholtz.report.__main__ import main

    spread(content, folder, TABLES)
    main([str(folder / "runs.csv"), "--out", str(folder / "report")])
    json.loads((folder / "report" / "summary.json").read_text())


def indexed() -> list[bytes]:
    """Prepared data whose training split is in one shard; alone, or with what is around it."""
    from helmholtz.data import shards
    from helmholtz.io import store

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        sizes = {"raw_bytes": 768, "file_bytes": 700, "scan_bytes": 70, "enlarged": 0, "items": 4}
        facts = {"classes": list("abcd"), "rate": 5, "source": "x", **sizes}
        for file_name in INDEXED[1:]:
            with store.create(folder / file_name) as file:
                file["data"] = np.zeros((4, 8, 8, 3), "uint8")
                file["label"] = np.arange(4)
                store.set_attributes(file, facts)
        digests = {name: {name: store.digest(folder / name)} for name in INDEXED[1:]}
        split = {name.partition(".")[0].partition("-")[0]: told for name, told in digests.items()}
        (folder / shards.INDEX).write_text(json.dumps(split))
        return [joined(folder, INDEXED), (folder / shards.INDEX).read_bytes()]


@cache
def _whole_index() -> list[bytes]:
    return indexed()[0].split(SEPARATOR)


def read_indexed(content: bytes, folder: Path) -> None:
    from helmholtz.data import loading, shards

    parts = content.split(SEPARATOR)
    spread(SEPARATOR.join(parts + _whole_index()[len(parts) :]), folder, INDEXED)
    for split in shards.SPLITS:
        shards.intact(folder, split, {"rate": 5})
    loading.load(folder, 5)


@cache
def _question(folder: Path):
    """A question on the embedded sample: its trials, flags and a way to its journal."""
    from cifar.domain import DOMAIN
    from helmholtz.answer import command
    from helmholtz.answer.trials import Trials

    words = ["--source", "sample", "--quality", "5", "--log_dir", str(folder)]
    args, rest = command.parse_args(DOMAIN, "", words)
    return Trials(args, rest, seeds=2), args


def journals() -> list[bytes]:
    known = {"question": "QUESTION", "pending": [["jpeg", 0, 0], ["jpeg", 5, 1]]}
    known |= {"used_seconds": 12.5, "run_seconds": [3.0, 4.5], "running": True, "lines": ["No."]}
    return [json.dumps(known).encode()]


def read_journal(content: bytes, folder: Path) -> None:
    """A question that is asked again goes on with whatever its file says."""
    from helmholtz.answer.clock import Clock, spoken
    from helmholtz.answer.journal import FILE, Journal

    trials, args = _question(folder)
    clock = Clock(3600)
    journal = Journal(trials, args, clock)
    journal.folder.mkdir(parents=True)
    content = content.replace(b"QUESTION", journal.known["question"].encode())
    (journal.folder / FILE).write_bytes(content)
    with journal:
        assert set(journal.pending([])) <= set(trials.runs)
        clock.fits(2)
        spoken(max(0, clock.left))
        journal.write({"running": False})


def lines() -> list[bytes]:
    text = "file,class\n" + "".join(f"/tmp/x/{name},{'cat' if i % 2 else 'dog'}\n"
                                    for i, name in enumerate(NAMES))  # fmt: skip
    return [text.encode(), text.replace("/tmp/x/", "").replace("\n", "\r\n").encode()]


def read_lines(content: bytes, folder: Path) -> None:
    from helmholtz.blackbox import program

    text = content.decode(errors="replace")
    assert len(program.read(text, NAMES, ["cat", "dog"])) == len(NAMES)


def manifests() -> list[bytes]:
    from helmholtz.export import files

    rows = [",".join(files.COLUMNS)]
    rows += [f"a/{i}.png,a/{i}.webp,webp,25,v 1,100,50,{i:064x},{i:064x}" for i in range(4)]
    return ["\n".join(rows).encode() + b"\n"]


def read_manifest(content: bytes, folder: Path) -> None:
    from helmholtz.export import files

    (folder / files.MANIFEST).write_bytes(content)
    settings = {"codec": "webp", "rate": "25", "version": "v 1"}
    (folder / "a").mkdir()
    for i in range(3):
        (folder / f"a/{i}.webp").touch()
    rows = files.read_manifest(folder / files.MANIFEST, settings)
    files.tasks([Path("a/0.png")], ".webp", rows)
    files._write_manifest(folder / files.MANIFEST, rows)
    sum(int(row[f"bytes_{when}"]) for row in rows.values() for when in ("before", "after"))


def keras_files() -> list[bytes]:
    """config.json of two networks, as a .keras file holds it."""
    import keras
    from keras import layers

    inputs = keras.Input((32, 32, 3))
    branch = layers.Add()([layers.Conv2D(4, 3, padding="same")(inputs), inputs[..., :1]])
    scores = layers.Dense(2, "softmax")(layers.Flatten()(layers.MaxPooling2D(4)(branch)))
    plain = [keras.Input((32, 32, 3)), layers.Rescaling(1 / 255), layers.MaxPooling2D(4)]
    plain += [layers.BatchNormalization(), layers.Flatten(), layers.Dense(2, "softmax")]
    found = []
    with tempfile.TemporaryDirectory() as folder:
        for network in (keras.Sequential(plain), keras.Model(inputs, scores)):
            network.save(f"{folder}/x.keras")
            with zipfile.ZipFile(f"{folder}/x.keras") as archive:
                found.append(archive.read("config.json"))
            found.append(Path(folder, "x.keras").read_bytes())
    return found


def read_keras(content: bytes, folder: Path) -> None:
    """As train.py reads a network; content: the file, or its config.json."""
    from cifar.domain import DOMAIN
    from helmholtz import own_network
    from helmholtz.training import own_build

    path = folder / "x.keras"
    path.write_bytes(content)
    if not content.startswith(b"PK"):
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("config.json", content)
    own = own_network._resolve(str(path), {}, False, None)
    network = own_build.build(own, DOMAIN, (32, 32, 3), 2)[0]
    own_build.architecture(own, network)


def _here(domain) -> list:
    """The codecs of a half that this machine has."""
    return [c for c in domain.codecs.values() if not c.extra or c.extra.present()]


def audited_images() -> list[bytes]:
    """Of every codec, and of what the audit tells by its bytes."""
    from fuzz import images

    from cifar.domain import DOMAIN

    noise = np.random.default_rng(0).integers(0, 256, (40, 32, 3), np.uint8)
    return images() + [codec.encode(noise, 40) for codec in _here(DOMAIN)]


def audited_sounds() -> list[bytes]:
    from fuzz import sounds

    from audio.domain import DOMAIN

    wave = np.random.default_rng(0).normal(0, 0.1, (4000, 1)).astype(np.float32)
    return sounds() + [codec.encode(wave, 64, 44_100) for codec in _here(DOMAIN)]


def audit(content: bytes, folder: Path) -> None:
    from helmholtz.audit.folder import audit

    path = folder / "a" / "x.bin"
    path.parent.mkdir()
    path.write_bytes(content)
    found = audit([path], ["a"])
    assert found.files == 1
    json.dumps(found.stored())
