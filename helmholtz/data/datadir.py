"""Where prepared data and downloads lie."""

import argparse
import errno
import os
from pathlib import Path

from helmholtz.errors import MachineError, UsageError
from helmholtz.text import shown

VARIABLE = "HELMHOLTZ_DATA"  # of the environment, in place of --data_dir
READ_ONLY = (errno.EACCES, errno.EPERM, errno.EROFS)


def add_flag(parser: argparse.ArgumentParser) -> None:
    """--data_dir, of prepare.py and train.py."""
    parser.add_argument(
        "--data_dir",
        type=Path,
        metavar="DIR",
        help=f"for prepared data and downloads (${VARIABLE}, or data/ beside prepare.py)",
    )


def data_root(domain: str, default: Path, chosen: Path | None) -> Path:
    """Where a domain's prepared data and downloads lie.

    chosen, from --data_dir, or else the environment variable HELMHOLTZ_DATA holds a folder for
    each domain. Raises UsageError when it is a file.
    """
    above = chosen or os.environ.get(VARIABLE)
    if not above:
        return default
    if os.path.isfile(above):
        raise UsageError(f"{shown(above)} is a file: --data_dir takes a folder.")
    return Path(above) / domain


def explain(error: OSError) -> None:
    """Raise MachineError with what to do about a folder that must not be written to."""
    if error.errno in READ_ONLY:
        raise MachineError(
            f"{shown(error.filename)} cannot be written ({error.strerror}): choose a folder for "
            f"prepared data with --data_dir, or with the environment variable {VARIABLE}."
        ) from error
