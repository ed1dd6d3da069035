"""What a codec leaves of a sound: its samples, and a file of them."""

import io

import soundfile

from audio.sources import read_clip


def compressed(sound, codec, rate: int) -> tuple:
    """The samples of a sources.Recording after a codec, and the sizes that schema.SIZES names."""
    decoded, *sizes = codec(sound.samples, rate, sound.sample_rate)
    if rate == 0:  # no file has less than its own samples
        sizes = [min(size, sound.raw_bytes) for size in sizes]
    return decoded, (sound.raw_bytes, *sizes, sound.source_bytes)


def wav(clip, rate: int, codec, mono: bool, dur: float | None) -> tuple:
    """A survey.Clip after a codec, as a WAV file of 16 bits; and its sizes, as compressed gives."""
    sound = read_clip(clip.sound, mono, dur, clip.sample_rate)
    decoded, sizes = compressed(sound, codec, rate)
    file = io.BytesIO()
    soundfile.write(file, decoded, sound.sample_rate, "PCM_16", format="WAV")
    return file.getvalue(), sizes
