"""Fetch a large file: mirrors, time-outs, resume of a partial download, and a checked hash."""

import hashlib
import os
from http.client import HTTPException
from pathlib import Path
from ssl import SSLError
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from tqdm import tqdm

from helmholtz.errors import DataError
from helmholtz.io.files import locked
from helmholtz.text import shown

TIMEOUT = 30  # seconds without a byte
NETWORK_ERRORS = (URLError, HTTPException, ConnectionError, TimeoutError, SSLError)


def fetch(archive: dict, path: Path) -> None:
    """Download archive["urls"], the first that answers, to path, unless path exists.

    A partial download is kept as <name>.part and continued the next time, from any mirror: the
    hash decides. archive["bytes"] is None when the size is not known. Raises DataError when no
    address answers, or when the file at path has another hash.
    """
    with locked(path.parent):
        if not path.is_file():
            _download(archive, path)
        elif not matches(path, archive["hash"]):
            raise DataError(
                f"The download {shown(path)} is damaged: delete it, and the same command "
                "downloads it again."
            )


def _download(archive: dict, path: Path) -> None:
    part = path.with_name(path.name + ".part")
    reasons = []
    for url in archive["urls"]:
        try:
            if _complete(url, part, archive):
                os.replace(part, path)
                return
            reasons.append(f"{url}: not the published file")
        except NETWORK_ERRORS as error:
            reasons.append(f"{url}: {error}")
        except DataError as error:
            part.unlink()
            reasons.append(f"{url}: {error}")
    raise DataError(
        f"{path.name} could not be downloaded; give --source PATH if you have it, or use "
        f"--source sample, which needs no network ({'; '.join(reasons)})."
    )


def _complete(url: str, part: Path, archive: dict) -> bool:
    """Download what part lacks, or, if the result is wrong, all of it; whether it is right now."""
    resumed = part.exists()
    _continue(url, part, archive["bytes"])
    if matches(part, archive["hash"]):
        return True
    part.unlink()
    return resumed and _complete(url, part, archive)


def matches(path: Path, wanted: str) -> bool:
    """Whether a file has this hash, given as "<algorithm>:<hexadecimal>"."""
    algorithm, digest = wanted.split(":")
    with open(path, "rb") as file:
        return hashlib.file_digest(file, algorithm).hexdigest() == digest


def _continue(url: str, part: Path, size: int | None) -> None:
    """Append to part what is missing of size bytes, or of as many as the server has."""
    have = part.stat().st_size if part.exists() else 0
    if have == size:
        return
    request = Request(url, headers={"Range": f"bytes={have}-"} if have else {})
    try:
        answer = urlopen(request, timeout=TIMEOUT)
    except HTTPError as error:
        if error.code == 416:  # nothing is missing; the hash says whether it is right
            return
        raise
    with answer:
        if answer.status != 206:  # the server starts from the beginning
            have = 0
        length = answer.headers.get("Content-Length")
        size = size or (have + int(length) if length else None)
        with open(part, "ab" if have else "wb") as file:
            _copy(answer, file, have, size, part.stem)


def _copy(answer, file, have: int, size: int | None, title: str) -> None:
    """Append an answer to a file of have bytes; in the end it must have size, if that is known."""
    bar = {"desc": title, "unit": "B", "unit_scale": True, "disable": None}  # on a terminal only
    with tqdm(total=size, initial=have, **bar) as progress:
        while block := answer.read(1 << 16):
            have += len(block)
            if size and have > size:
                raise DataError(f"the answer is longer than the {size} bytes expected")
            file.write(block)
            progress.update(len(block))
    if size and have < size:
        raise ConnectionError(f"the connection ended after {have} of {size} bytes")
