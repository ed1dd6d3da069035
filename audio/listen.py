"""One test clip at every rate, as files that a browser plays."""

import io
from pathlib import Path

import soundfile

from audio import codecs, idmt, sources
from audio.survey import common_rate
from helmholtz.errors import DataError, MachineError, UsageError

LONGEST = 5  # seconds
NOT_OURS = "IDMT's licence does not allow its sounds to be passed on, not even in a page."


def listen(flags: dict, codec, rates: list[int]) -> tuple[dict[int, tuple[str, bytes, int]], str]:
    """By rate (media type, file to play, bytes of the compressed file), or why there is none.

    flags: of a run. codec: a helmholtz.codec.Codec. The file to play is FLAC, so that one hears
    what the network was given, whatever the codec.
    """
    try:
        source = sources.open_source(flags["source"])
        if source.name == "idmt" or idmt.is_unpacked(Path(flags["source"])):
            return {}, NOT_OURS
        _, parts, facts = source.load()
        hertz = facts.get("sample_rate") or common_rate(parts)
        sound, mono, dur = parts["test"][0][0], bool(flags.get("mono")), flags.get("dur")
        clip = sources.read_clip(sound, mono, dur, hertz).samples[: LONGEST * hertz]
        codec.available()
        own = {rate: codec if rate else codecs.TABLE["mp3"] for rate in rates}  # 0: its samples
        return {rate: _file(own[rate], clip, rate, hertz) for rate in rates}, ""
    except (KeyError, DataError, MachineError, UsageError, OSError, ValueError) as error:
        return {}, f"The sounds cannot be played here ({error})."


def _file(codec, clip, rate: int, sample_rate: int) -> tuple[str, bytes, int]:
    decoded, file_bytes, _ = codec.compress(clip, rate, sample_rate)
    file = io.BytesIO()
    soundfile.write(file, decoded, sample_rate, "PCM_16", format="FLAC")
    return "audio/flac", file.getvalue(), file_bytes
