"""One test clip at every rate, as files that a browser plays."""

import io

import soundfile

from audio import sources
from audio.constants import SAMPLE_RATE
from helmholtz.errors import DataError, MachineError, UsageError

LONGEST = 5  # seconds


def listen(flags: dict, codec, rates: list[int]) -> tuple[dict[int, tuple[str, bytes, int]], str]:
    """By rate (media type, file to play, bytes of the compressed file), or why there is none.

    flags: of a run. codec: a helmholtz.domain.Codec. The file to play is FLAC, so that one hears
    what the network was given, whatever the codec.
    """
    if flags.get("source") == "idmt":
        return {}, "IDMT's licence does not allow its sounds to be passed on, not even in a page."
    try:
        _, parts, _ = sources.open_source(flags["source"]).load()
        clip = sources.read_clip(parts["test"][0][0], bool(flags.get("mono")), flags.get("dur"))
        return {rate: _file(codec, clip[: LONGEST * SAMPLE_RATE], rate) for rate in rates}, ""
    except (KeyError, DataError, MachineError, UsageError, OSError, ValueError) as error:
        return {}, f"The sounds cannot be played here ({error})."


def _file(codec, clip, rate: int) -> tuple[str, bytes, int]:
    decoded, file_bytes, _ = codec.compress(clip, rate)
    file = io.BytesIO()
    soundfile.write(file, decoded, SAMPLE_RATE, "PCM_16", format="FLAC")
    return "audio/flac", file.getvalue(), file_bytes
