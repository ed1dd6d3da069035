"""Prepared data elsewhere than in the checkout."""

import shutil
import subprocess
from pathlib import Path

import pytest
from helpers import prepare_images

from cifar import prepare
from helmholtz.analysis import prepared
from helmholtz.data.folders import folder_name
from helmholtz.io import datadir, store
from helmholtz.sweep import __main__ as sweep
from helmholtz.sweep import plan


def test_data_dir_comes_before_the_environment_and_that_before_the_default(
    photos, tmp_path, monkeypatch, command
):
    flags = ["--source", photos, "--quality", 3]
    place = Path(folder_name(photos), "quality_3", "train.h5")
    assert command(prepare.main, *flags) == (0, "")
    assert (datadir.data_root("cifar", None) / place).is_file()
    monkeypatch.setenv("HELMHOLTZ_DATA", str(tmp_path / "environment"))
    assert command(prepare.main, *flags) == (0, "")
    assert (tmp_path / "environment" / "cifar" / place).is_file()
    assert command(prepare.main, *flags, "--data_dir", tmp_path / "flag") == (0, "")
    assert (tmp_path / "flag" / "cifar" / place).is_file()


def test_the_report_finds_its_pictures_by_the_environment_and_the_flag_of_the_run(
    photos, tmp_path, monkeypatch
):
    monkeypatch.setenv("HELMHOLTZ_DATA", str(tmp_path))
    folder = prepare_images(str(photos), [3])[3]
    fingerprint = store.read(folder / "test.h5")[1]["fingerprint"]
    row = {"domain": "cifar", "source": folder_name(photos), "codec": "jpeg", "flags": {}}
    row |= {"data": fingerprint[:8]}
    assert list(prepared.read(row)) == [3]
    monkeypatch.delenv("HELMHOLTZ_DATA")
    monkeypatch.setattr(datadir, "ROOT", tmp_path / "none")
    assert not prepared.read(row)
    assert list(prepared.read(row | {"flags": {"data_dir": str(tmp_path)}})) == [3]


def test_a_file_is_no_data_dir(photos, command):
    flags = ["--source", photos, "--data_dir", photos / "dark" / "00.png"]
    code, error = command(prepare.main, *flags)
    assert (code, "00.png is a file: --data_dir takes a folder" in error) == (2, True)


@pytest.fixture
def read_only(tmp_path):
    """A folder on a disk that cannot be written; skips where none can be mounted."""
    folder = tmp_path / "checkout"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "tmpfs", str(folder)]
    if not shutil.which("mount") or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("a disk cannot be mounted here (it takes root)")
    yield folder
    subprocess.run(["umount", folder], check=True)


def test_a_read_only_checkout_says_what_to_do_and_data_that_is_there_will_do(
    photos, read_only, tmp_path, monkeypatch, command
):
    assert command(prepare.main, "--source", photos, "--quality", 3) == (0, "")
    place = Path(folder_name(photos), "quality_3")
    below = Path("cifar", "data", place)
    shutil.copytree(datadir.ROOT / below, read_only / below)
    monkeypatch.setattr(datadir, "ROOT", read_only)
    subprocess.run(["mount", "-o", "remount,ro", read_only], check=True)
    assert command(prepare.main, "--source", photos, "--quality", 3) == (0, "")
    code, error = command(prepare.main, "--source", photos, "--quality", 3, 4)
    assert (code, len(error.splitlines())) == (4, 1)
    assert "--data_dir" in error
    flags = ["--data_dir", tmp_path / "elsewhere"]
    assert command(prepare.main, "--source", photos, "--quality", 4, *flags) == (0, "")


def test_a_sweep_prepares_where_its_runs_look(photos, tmp_path):
    flags = ["cifar", "--quality", "3", "--source", str(photos), "--data_dir", str(tmp_path)]
    (run,) = plan.plan(*sweep.parse_args(flags))
    assert f"--data_dir {tmp_path}" in " ".join(plan.source_flags(run))
    folder = prepare_images(str(photos), [3], "--data_dir", tmp_path)[3]
    assert plan.data_folder(run) == folder
