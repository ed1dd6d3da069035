"""What a folder would weigh at a rate, from a sample of its own files."""

import time
from pathlib import Path

from helmholtz.codec import Codec
from helmholtz.domain import Domain
from helmholtz.errors import DataError
from helmholtz.export import files

SAMPLED = 40  # files that are encoded at most, evenly spread over the folder
SECONDS = 3.0  # that this may take


def estimated(
    folder: Path, half: Domain, codec: Codec, rate: int, mono: bool = False
) -> tuple[int, int] | None:
    """Bytes of all files of a folder now, and about those after export at a rate, to mono or not.

    None where that is not known: the codec cannot be exported, the folder has no files that can be
    (but an archive's parts), or none of the sample is usable.
    """
    if not codec.encode:
        return None
    try:
        paths = [folder / name for name in files.find(folder, half.file_kind())[0]]
    except DataError:
        return None
    before, after, until = 0, 0, time.monotonic() + SECONDS
    for path in paths[:: -(-len(paths) // SAMPLED)]:
        if before and time.monotonic() > until:
            break
        try:
            after += len(half.encode_file(path, codec, rate, mono))
            before += path.stat().st_size
        except Exception:  # of any codec; an export names the file
            continue
    total = sum(path.stat().st_size for path in paths)
    return (total, round(total * after / before)) if before else None
