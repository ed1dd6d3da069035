"""Processes that share a preparation, are killed in it, and find shards at fault."""

import os
import re
import shutil
import signal
import time
from collections import Counter, namedtuple
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pytest
from helpers import prepare_images

from cifar import prepare
from helmholtz.data import loading, preparation, tasks
from helmholtz.data.dividing import CHUNK, Work
from helmholtz.data.estimate import Estimate
from helmholtz.data.preparation import Prepared, Source
from helmholtz.data.site import Site, mark, on_node
from helmholtz.domain import get
from helmholtz.errors import DataError, MachineError
from helmholtz.io import files, store

FORK = get_context("fork")
RATES, ITEMS = (0, 5), 96
LABELS = np.arange(ITEMS) % 2
PARTS = {s: (np.arange(ITEMS, dtype=np.uint8)[:, None], LABELS) for s in ("train", "test")}
SOURCE = Source("numbers", "1", lambda: (["even", "odd"], PARTS, {}))


def slowly(items, rates):
    """Takes two milliseconds an item, whatever the number of rates."""
    time.sleep(0.002 * len(items))
    return {rate: [Prepared(item + np.uint8(rate), 1, 1, 1, 1) for item in items] for rate in rates}


def folders(base, rates=RATES):
    return {rate: base / f"rate_{rate}" for rate in rates}


def prepared(base, rates=RATES, source=SOURCE, compress=slowly, **more):
    job = preparation.Job(source, folders(base, rates), {}, compress, 4, shard_size=8, **more)
    preparation.prepare(job)


def worker(base, said, **more):
    """Prepare, and note every file that is filled."""
    fill = tasks.fill

    def noted(stack, task, piece, lacking):
        with open(said, "a") as file:
            print(os.getpid(), piece.name, *lacking, file=file, flush=True)
        return fill(stack, task, piece, lacking)

    tasks.fill = noted
    prepared(base, **more)


def started(base, said, **more):
    process = FORK.Process(target=worker, args=(base, said), kwargs=more)
    process.start()
    return process


def filled(said):
    """By the name of a file how often it was filled at a rate, and the processes that did."""
    rows = [line.split() for line in said.read_text().splitlines()] if said.exists() else []
    return Counter(row[1] for row in rows for _ in row[2:]), {row[0] for row in rows if row[2:]}


def contents(base):
    """All files below a folder, but for what locks and their purposes are written in."""
    return {
        path.relative_to(base): path.read_bytes()
        for path in base.rglob("*")
        if path.is_file() and path.name != files.LOCK
    }


@pytest.fixture
def alone(tmp_path):
    """What a lone process makes."""
    prepared(tmp_path / "alone")
    made = contents(tmp_path / "alone")
    assert not [path for path in made if path.name[0] == "."]
    return made


def test_processes_at_once_share_the_shards_and_make_each_once(tmp_path, alone):
    crowd = [started(tmp_path / "many", tmp_path / "said.txt") for _ in range(3)]
    for process in crowd:
        process.join(60)
        assert process.exitcode == 0
    times, workers = filled(tmp_path / "said.txt")
    assert set(times.values()) == {len(RATES)}
    assert len(times) == 2 * ITEMS // 8
    assert len(workers) == 3
    assert contents(tmp_path / "many") == alone  # no lock, no leftover, one index


def test_a_killed_process_leaves_no_lock_and_loses_only_its_shard(tmp_path, alone):
    base, said = tmp_path / "many", tmp_path / "said.txt"
    for left in (1, 0):  # one of two is killed, then the only one
        crowd = [started(base, said) for _ in range(1 + left)]
        seen = sum(filled(said)[0].values())
        while sum(filled(said)[0].values()) < seen + 8:
            time.sleep(0.01)
        os.kill(crowd[0].pid, signal.SIGKILL)
        crowd[0].join()
        for process in crowd[1:]:
            process.join(60)
            assert process.exitcode == 0
            assert contents(base) == alone
            shutil.rmtree(base)
    assert not [*base.rglob("index.json")]
    there = len([*base.rglob("t*.h5")])
    again = tmp_path / "again.txt"
    process = started(base, again)
    process.join(60)
    assert process.exitcode == 0
    assert sum(filled(again)[0].values()) == len([p for p in alone if p.suffix == ".h5"]) - there
    assert there > 0
    assert contents(base) == alone


def test_other_work_on_the_same_folder_waits_until_the_first_has_ended(tmp_path):
    other = SOURCE._replace(fingerprint="2")
    first = started(tmp_path / "many", tmp_path / "said.txt")
    while not filled(tmp_path / "said.txt")[0]:
        time.sleep(0.01)
    prepared(tmp_path / "many", rates=[5], source=other)  # which raises if it is disturbed
    assert first.exitcode == 0
    for rate, fingerprint in ((0, "1"), (5, "2")):
        data = loading.load(folders(tmp_path / "many")[rate], rate)
        assert data.attributes["fingerprint"] == fingerprint


def test_a_lock_for_a_purpose_is_shared_by_those_of_the_same_and_ends_with_a_kill(tmp_path):
    def hold(purpose, seconds):
        with files.together(tmp_path, purpose):
            (tmp_path / purpose).touch()
            time.sleep(seconds)

    def start(purpose, seconds):
        process = FORK.Process(target=hold, args=(purpose, seconds))
        process.start()
        return process

    crowd = [start("one", 60), start("one", 60)]
    while not (tmp_path / "one").exists():
        time.sleep(0.01)
    with files.together(tmp_path, "one"):
        pass
    other = start("two", 0)
    for process in crowd:
        other.join(0.5)
        assert not (tmp_path / "two").exists()
        process.kill()
    other.join(10)
    assert (tmp_path / "two").exists()


def choosy(items, rates):
    """As slowly, but for an item that cannot be used."""
    if 40 in items:
        raise DataError("40 is too many.")
    return slowly(items, rates)


def test_of_processes_that_leave_out_bad_items_one_does_all(tmp_path):
    more = {"compress": choosy, "skip_bad": True}
    prepared(tmp_path / "alone", **more)
    crowd = [started(tmp_path / "many", tmp_path / "said.txt", **more) for _ in range(3)]
    for process in crowd:
        process.join(60)
        assert process.exitcode == 0
    assert len(filled(tmp_path / "said.txt")[1]) == 1  # what is left out is known after the last
    assert contents(tmp_path / "many") == contents(tmp_path / "alone")
    data = loading.load(folders(tmp_path / "many")[5], 5)
    assert data.attributes["items"] == 2 * (ITEMS - 1)


def test_bad_items_are_told_by_all_processes_of_a_crowd(tmp_path):
    def work(place):
        try:
            prepared(tmp_path, compress=choosy)
        except DataError as error:
            (tmp_path / place).write_text(str(error))

    other, own = (tmp_path / "rate_5" / f".tmp-1-{n}.h5" for n in ("train", "train-00000"))
    own.parent.mkdir()
    for path in (own, other):  # of processes that were killed
        path.touch()
    crowd = [FORK.Process(target=work, args=(place,)) for place in "ab"]
    for process in crowd:
        process.start()
    for process in crowd:
        process.join(60)
    said = "2 files cannot be used; --skip_bad leaves them out:\n40 is too many.\n40 is too many."
    assert [(tmp_path / place).read_text() for place in "ab"] == [said] * 2
    assert not [*tmp_path.rglob("index.json")]
    assert not own.exists()  # it is removed before its shard is made, the other when all are there
    assert other.exists()


def test_what_a_process_makes_at_a_time_is_bounded():
    found = Estimate(1000, 1000 * 5 * 150_528, {}, 1)
    work = Work(None, 256, None, {}).planned(
        found, {rate: Path("none") for rate in range(5)}, {}, 1
    )
    assert 0.8 * CHUNK < work.chunk * 5 * 150_528 <= CHUNK


def sharded(photos, folder, *flags, qualities=(5, 50)):
    words = ["--data_dir", folder, *flags]
    return list(prepare_images(str(photos), qualities, *words).values())


def changed(folder, action):
    """The names of the files that an action writes."""
    before = {path.name: path.stat().st_mtime_ns for path in folder.glob("*.h5")}
    action()
    return {p.name for p in folder.glob("*.h5") if p.stat().st_mtime_ns != before.get(p.name)}


def halve(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def mix(path):
    shutil.copy(path.parent.with_name("quality_50") / path.name, path)


@pytest.mark.parametrize("fault", [halve, mix, lambda path: path.unlink()])
@pytest.mark.parametrize("index", [True, False], ids=["indexed", "stopped"])
def test_a_repair_needs_no_shard_size_and_makes_one_shard(photos, tmp_path, fault, index):
    folder, _ = sharded(photos, tmp_path, "--shard_size", "30k")
    whole, name = contents(folder), "train-00003.h5"
    fault(folder / name)
    (folder / ".tmp-1-train.h5").write_bytes(b"half")  # of a process that was killed
    if index:
        with pytest.raises(DataError, match=rf"{name} (is damaged|is of another|does not exist)"):
            loading.load(folder, 5)
    else:
        (folder / "index.json").unlink()
    assert changed(folder, lambda: sharded(photos, tmp_path)) == {name}
    assert contents(folder) == whole


def test_a_single_file_stays_one_and_the_other_split_is_left_alone(photos, tmp_path):
    folder, _ = sharded(photos, tmp_path)
    whole = contents(folder)
    halve(folder / "test.h5")
    made = changed(folder, lambda: sharded(photos, tmp_path, "--shard_size", "30k"))
    assert made == {"test.h5"}
    assert contents(folder) == whole


def test_rates_that_were_cut_in_different_ways_keep_their_shards(photos, tmp_path):
    five = sharded(photos, tmp_path, "--shard_size", "30k", qualities=[5])[0]
    fifty = sharded(photos, tmp_path, "--shard_size", "60k", qualities=[50])[0]
    whole = contents(tmp_path)
    assert len([*five.glob("*.h5")]) > len([*fifty.glob("*.h5")])
    for folder in (five, fifty):
        halve(folder / "train-00000.h5")
        halve(folder / "train-00001.h5")
    sharded(photos, tmp_path, "--shard_size", "100k")
    assert contents(tmp_path) == whole


def test_a_disk_that_fills_up_keeps_the_shards_that_it_has(photos, tmp_path, command, monkeypatch):
    words = ["--source", photos, "--quality", 5, "--data_dir", tmp_path, "--shard_size", "30k"]
    free = iter([10**9] * 5)
    with monkeypatch.context() as patch:
        usage = namedtuple("usage", "free")
        patch.setattr("shutil.disk_usage", lambda folder: usage(next(free, 1000)))
        code, error = command(prepare.main, *words)
    assert (code, "The disk is full" in error) == (4, True), error
    assert len(error.splitlines()) == 1
    [folder] = tmp_path.glob("cifar/*/*")
    there = {path.name for path in folder.glob("*.h5")}
    assert there
    assert {path.name for path in folder.iterdir()} == there | {".lock"}
    assert not changed(folder, lambda: prepare.main([str(w) for w in words])) & there
    assert loading.load(folder, 5).attributes["items"] == 80


def test_what_is_there_needs_no_room(photos, tmp_path, monkeypatch):
    folder, _ = sharded(photos, tmp_path, "--shard_size", "30k")
    halve(folder / "train-00003.h5")
    usage = namedtuple("usage", "free")
    monkeypatch.setattr("shutil.disk_usage", lambda _: usage(files.SPARE + 40_000))  # of 490 kB
    assert changed(folder, lambda: sharded(photos, tmp_path)) == {"train-00003.h5"}


def test_a_digest_is_checked_once_in_a_process(photos, tmp_path, monkeypatch):
    folder, _ = sharded(photos, tmp_path, "--shard_size", "30k")
    read, digest = Counter(), store._digest

    def counted(raw):
        read[raw.name] += 1
        return digest(raw)

    monkeypatch.setattr(store, "_digest", counted)
    monkeypatch.setattr(store, "known", {})
    monkeypatch.setattr(store, "RACY", 600)
    sharded(photos, tmp_path)
    loading.load(folder, 5)
    assert store.known == {}  # they are too young for their times to tell a change
    assert set(read.values()) == {1, 2}
    monkeypatch.setattr(store, "RACY", 0)
    read.clear()
    sharded(photos, tmp_path)
    loading.load(folder, 5)
    assert set(read.values()) == {1}
    path = folder / "train-00000.h5"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(DataError, match="is damaged"):
        loading.load(folder, 5)


def test_a_node_that_lacks_something_says_what(photos, tmp_path):
    codec = get("cifar").codecs["jpeg"]
    site = Site.here("cifar", codec, str(photos))
    task = tasks.Task([], {5: tmp_path}, None, 1, 0)
    with files.together(tmp_path, "this work"):
        marks = {tmp_path: mark(tmp_path)}
        there = os.getcwd()
        for lacking, said in (
            (site._replace(version="another"), "its codec is .*, not another"),
            (site._replace(holdings=["dark"]), "does not see the source .*photos"),
        ):
            with pytest.raises(MachineError, match=f"The node .* cannot prepare: .*{said}"):
                on_node(task, lacking, marks)
        with pytest.raises(MachineError, match="does not see the folder"):
            on_node(task, site, {tmp_path: "other work"})
    assert os.getcwd() == there


def test_an_address_needs_its_engine(photos, command):
    words = ["--source", photos, "--quality", 5, "--address", "127.0.0.1:1"]
    code, error = command(prepare.main, *words)
    assert (code, "add --engine ray" in error) == (2, True)
    assert re.fullmatch(r".*\.\n", error)
