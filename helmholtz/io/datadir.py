"""Where prepared data and downloads are."""

import argparse
import errno
import os
from pathlib import Path

from helmholtz.errors import MachineError, UsageError
from helmholtz.text import shown

ROOT = Path(__file__).parents[2]  # of the checkout
VARIABLE = "HELMHOLTZ_DATA"  # the environment variable for --data_dir
READ_ONLY = (errno.EACCES, errno.EPERM, errno.EROFS)


def add_flag(parser: argparse.ArgumentParser) -> None:
    """--data_dir, of prepare.py and train.py."""
    text = f"for prepared data and downloads (${VARIABLE}, or data/ beside prepare.py)"
    parser.add_argument("--data_dir", type=Path, metavar="DIR", help=text)


def data_root(domain: str, chosen: Path | str | None) -> Path:
    """The folder of a domain's prepared data and downloads.

    It is in the folder chosen with --data_dir, or else in that of the environment variable
    HELMHOLTZ_DATA, or else data/ beside prepare.py. Raises UsageError when the folder is a file.
    """
    above = chosen or os.environ.get(VARIABLE)
    if not above:
        return ROOT / domain / "data"
    if os.path.isfile(above):
        raise UsageError(f"{shown(above)} is a file: --data_dir takes a folder.")
    return Path(above) / domain


def explain(error: OSError) -> None:
    """Raise MachineError with what to do, when the error is that of a read-only folder."""
    if error.errno in READ_ONLY:
        raise MachineError(
            f"{shown(error.filename)} cannot be written ({error.strerror}): choose a folder for "
            f"prepared data with --data_dir, or with the environment variable {VARIABLE}."
        ) from error
