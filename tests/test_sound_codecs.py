"""Every codec of sound: no delay, the same length, the same samples always, honest payloads."""

import itertools
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec

import numpy as np
import pytest
import soundfile
from helpers import lag, prepare_sounds
from helpers import ringing as sound

from audio import codecs, prepare
from audio.codecs import TABLE
from audio.constants import MP3_HIGHEST, SAMPLE_RATE
from helmholtz.data import loading
from helmholtz.errors import UsageError
from helmholtz.parallel import in_parallel

CODECS = [name for name in TABLE if name != "aac" or find_spec("av")]
HERTZ = [8000, 22050, 39063, SAMPLE_RATE, 96000]
needs_av = pytest.mark.skipif(not find_spec("av"), reason="PyAV is not installed")


def all_rates(name, sample_rate, channels):
    """Every rate of the grid that there is for such sound, the lowest and the highest of all; of
    MP3 at the published sampling rate every one that is legal."""
    codec, facts = TABLE[name], {"sample_rate": sample_rate, "channels": channels}
    legal = codec.fitting(codec.rates, facts)
    if (name, sample_rate) == ("mp3", SAMPLE_RATE):
        return legal
    return sorted({legal[0], *codec.fitting(codec.grid, facts), legal[-1]})


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("sample_rate", HERTZ)
@pytest.mark.parametrize("name", CODECS)
def test_nothing_is_shifted_or_longer_at_any_rate(name, sample_rate, channels):
    source = sound(sample_rate, channels)
    # Below 64 kb/s Opus codes low frequencies apart, up to 0.1 ms beside. Where sound is encoded
    # at half its sampling rate, the peak may be one sample beside.
    near, exact = sample_rate // 10_000, sample_rate // 96_000
    for rate in all_rates(name, sample_rate, channels):
        decoded, *_ = TABLE[name].compress(source, rate, sample_rate)
        assert (decoded.shape, decoded.dtype) == (source.shape, np.float32)
        off = near if name == "opus" and rate / channels < 64 else exact
        for i in range(channels):
            assert abs(lag(decoded[:, i], source[:, i])) <= off, rate
        assert np.corrcoef(decoded.ravel(), source.ravel())[0, 1] > 0.4, rate


@pytest.mark.parametrize("frames", [80, 441, 1153, 20011])
@pytest.mark.parametrize("name", CODECS)
def test_any_length_comes_back_as_it_was(name, frames):
    source = sound(SAMPLE_RATE)[:frames, 0]
    decoded, file_bytes, payload_bytes = TABLE[name].compress(source, 64, SAMPLE_RATE)
    assert decoded.shape == source.shape
    assert 0 < payload_bytes <= file_bytes


@pytest.mark.parametrize("name", CODECS)
def test_bytes_are_those_that_were_asked_for(name):
    source = np.random.default_rng(0).normal(0, 0.1, (2 * SAMPLE_RATE, 2)).astype(np.float32)
    for rate in (32, 64, 128):
        payload_bytes = TABLE[name].compress(source, rate, SAMPLE_RATE)[2]
        assert payload_bytes == pytest.approx(2 * rate * 1000 / 8, rel=0.2)


def decoded_bytes(seeds, name):
    """The samples and sizes of sounds, for other processes too."""
    found = [TABLE[name].compress(sound(16000, 2, seed=s), 32, 16000) for s in seeds]
    return [(decoded.tobytes(), *sizes) for decoded, *sizes in found]


@pytest.mark.parametrize("name", CODECS)
def test_samples_are_the_same_again_in_threads_and_in_processes(name):
    seeds = list(range(6))
    once = decoded_bytes(seeds, name)
    assert decoded_bytes(seeds, name) == once
    with ThreadPoolExecutor(4) as pool:
        threads = pool.map(lambda seed: decoded_bytes([seed], name), seeds)
        assert list(itertools.chain(*threads)) == once
    processes = in_parallel(decoded_bytes, seeds, 2, "", name)
    assert list(itertools.chain(*processes)) == once


def mp3_frames(file):
    """Bytes of all frames, by the tables of ISO 11172-3 and 13818-3 for layer 3."""
    one = [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320]
    two = [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160]
    place = 0
    while place < len(file):
        assert file[place] == 0xFF
        assert file[place + 1] >> 5 == 7
        version = file[place + 1] >> 3 & 3  # 3 is MPEG 1, 2 is 2, 0 is 2.5
        hertz = [44100, 48000, 32000][file[place + 2] >> 2 & 3] / {3: 1, 2: 2, 0: 4}[version]
        rate = (one if version == 3 else two)[file[place + 2] >> 4]
        samples = 144 if version == 3 else 72
        place += int(samples * rate * 1000 / hertz) + (file[place + 2] >> 1 & 1)
    return place


@pytest.mark.parametrize("sample_rate", MP3_HIGHEST)
def test_an_mp3_is_nothing_but_frames(sample_rate):
    from audio import mp3
    from audio.samples import to_pcm

    pcm = to_pcm(sound(sample_rate))
    for rate in all_rates("mp3", sample_rate, 1):
        file = mp3.encode(pcm, rate, mp3.encoder(), sample_rate)
        assert mp3_frames(file) == len(file)
        _, file_bytes, payload_bytes = codecs.mp3(pcm / np.float32(32768), rate, sample_rate)
        assert file_bytes == payload_bytes == len(file)


def test_the_payload_of_opus_are_its_audio_packets():
    """Read page by page: what is left without pages' headers and the two headers of Opus."""
    from audio import opus

    pcm = np.random.default_rng(0).integers(-9000, 9000, (3 * 48000, 2)).astype(np.int16)
    file = opus.encode(pcm, 0.5)
    pages = file.split(b"OggS")[1:]
    bodies = [page[23 + page[22] :] for page in pages]
    assert bodies[0].startswith(b"OpusHead")
    assert bodies[1].startswith(b"OpusTags")
    assert len(bodies) > 3
    samples, bitrate = pcm / np.float32(32768), 2 * (6 + 125)  # level 0.5 of two channels
    _, file_bytes, payload_bytes = TABLE["opus"].compress(samples, bitrate, 48000)
    assert (file_bytes, payload_bytes) == (len(file), sum(map(len, bodies[2:])))
    assert opus.packet_sizes(file)[0] == 19  # of OpusHead (RFC 7845)


@needs_av
def test_the_payload_of_aac_is_the_box_with_its_frames():
    """Read box by box: `mdat` without its own header."""
    from audio import aac
    from audio.samples import to_pcm

    file, payload_bytes = aac.encode(to_pcm(sound(SAMPLE_RATE, 2)), 96, SAMPLE_RATE)
    boxes, place = {}, 0
    while place < len(file):
        size = int.from_bytes(file[place : place + 4])
        boxes[file[place + 4 : place + 8]] = size - 8
        place += size
    assert payload_bytes == boxes[b"mdat"]


@pytest.mark.parametrize(
    ("name", "facts", "rate", "said"),
    [
        ("mp3", (8000, 1), 128, "128 kb/s of sound of 8,000 Hz, which MP3 compresses to 8, 16, 24"),
        ("mp3", (22050, 2), 192, "sound of 22,050 Hz, which MP3 compresses to 8, 16"),
        ("opus", (8000, 2), 8, "Opus compresses to 12 to 320: give --bitrate 12."),
        ("aac", (8000, 1), 64, "AAC compresses to 16 to 48: give --bitrate 48."),
    ],
)
def test_a_rate_that_such_data_cannot_have_is_refused_with_those_they_can(name, facts, rate, said):
    facts = dict(zip(("sample_rate", "channels"), facts, strict=True))
    with pytest.raises(UsageError) as refused:
        TABLE[name].check_data([0, rate], facts, "bitrate")
    assert said in str(refused.value)


def test_a_codec_refuses_such_a_rate_itself():
    for name, rate in (("mp3", 128), ("opus", 512)):
        with pytest.raises(ValueError, match=f"{rate} kb/s"):
            TABLE[name].compress(sound(8000), rate, 8000)


def test_without_pyav_the_sentence_says_how_to_get_it(monkeypatch, command, tmp_path):
    monkeypatch.setattr(codecs, "find_spec", lambda name: None)
    words = ["--source", "sample", "--codec", "aac", "--bitrate", 64, "--data_dir", tmp_path]
    code, error = command(prepare.main, *words)
    assert (code, error.count("\n")) == (4, 1)
    assert "AAC needs PyAV, which is not installed: `sh scripts/setup.sh codecs`" in error
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", CODECS)
def test_every_codec_prepares_data_of_one_shape(name, tmp_path):
    rng = np.random.default_rng(0)
    for i, label in itertools.product(range(3), "ab"):
        (tmp_path / label).mkdir(exist_ok=True)
        soundfile.write(tmp_path / label / f"{i}.wav", rng.normal(0, 0.1, 4000 + i), 8000)
    folders = prepare_sounds(str(tmp_path), [32], "--codec", name)
    data = loading.load(folders[32], 32)
    assert data.splits["train"][0].shape[1:] == (96, 1 + 4002 // 128, 1)
    sizes = [data.attributes[key] for key in ("scan_bytes", "file_bytes")]
    assert 0 < sizes[0] <= sizes[1]


def test_every_codec_has_the_rates_of_its_table_and_their_limits_follow_the_data():
    mono, stereo = ({"sample_rate": SAMPLE_RATE, "channels": n} for n in (1, 2))
    low = {"sample_rate": 8000, "channels": 1}
    assert {codec.name: (codec.rates[0], codec.rates[-1]) for codec in TABLE.values()} == {
        "mp3": (8, 320), "opus": (6, 320), "aac": (16, 320),
    }  # fmt: skip
    limits = {name: [TABLE[name].limits(facts) for facts in (mono, stereo, low)] for name in TABLE}
    assert limits["mp3"] == [
        (0, 320, "sound of 44,100 Hz"), (0, 320, "sound of 44,100 Hz"), (0, 64, "sound of 8,000 Hz")
    ]  # fmt: skip
    assert limits["opus"] == [
        (6, 256, "mono sound"), (12, 512, "stereo sound"), (6, 256, "mono sound"),
    ]  # fmt: skip
    assert limits["aac"] == [
        (16, 264, "mono sound of 44,100 Hz"), (32, 528, "stereo sound of 44,100 Hz"),
        (16, 48, "mono sound of 8,000 Hz"),
    ]  # fmt: skip
