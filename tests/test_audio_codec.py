"""The sound codec: lame against lameenc, and both against their source."""

import re
import shutil
import sys

import numpy as np
import pytest
from helpers import ringing as sound

from audio import mp3, prepare
from audio.constants import LEGAL_BITRATES, SAMPLE_RATE
from audio.mp3 import compress
from audio.samples import count_clipped, to_pcm
from helmholtz.errors import MachineError

MP3_BITRATES = LEGAL_BITRATES[1:]
needs_lame = pytest.mark.skipif(not shutil.which("lame"), reason="lame is not installed")


@needs_lame
@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("bitrate", MP3_BITRATES)
def test_the_tool_and_the_package_give_the_same_samples(bitrate, channels):
    samples = sound(channels=channels)
    with_tool, tool_bytes = compress(samples, bitrate, tool="lame")
    with_package, package_bytes = compress(samples, bitrate, tool="lameenc")
    np.testing.assert_array_equal(with_tool, with_package)
    assert tool_bytes == package_bytes


@pytest.mark.parametrize("bitrate", MP3_BITRATES)
def test_the_file_has_the_bitrate_that_was_asked_for(bitrate):
    file_bytes = compress(sound(seconds=2), bitrate)[1]
    assert file_bytes == pytest.approx(2 * bitrate * 1000 / 8, rel=0.1)


def test_uncompressed_means_16_bits():
    source = sound()
    decoded, file_bytes = compress(source, 0)
    assert np.abs(decoded - source).max() <= 0.5 / 32768
    assert file_bytes == 2 * source.size
    np.testing.assert_array_equal(compress(decoded, 0)[0], decoded)


def test_what_is_beyond_full_scale_is_clipped_and_counted():
    samples = np.array([0, 1, -1, 1.5, -2, 0.5], np.float32)
    assert count_clipped(samples) == 2
    assert to_pcm(samples).tolist() == [0, 32767, -32768, 32767, -32768, 16384]


@pytest.mark.parametrize("bitrate", [33, -8, 7, 384])
def test_a_bitrate_that_does_not_exist_is_refused_with_the_list(bitrate):
    with pytest.raises(ValueError, match="0, 8, 16, 24, 32, 40"):
        compress(sound(), bitrate)


@needs_lame
def test_the_users_own_options_for_lame_change_nothing(monkeypatch):
    expected = compress(sound(), 64, tool="lame")[0]
    monkeypatch.setenv("LAMEOPT", "-V 2 --scale 0.1")
    np.testing.assert_array_equal(compress(sound(), 64, tool="lame")[0], expected)


def test_silence_stays_silent():
    assert not compress(np.zeros((SAMPLE_RATE, 1), np.float32), 32)[0].any()


def test_the_codec_names_its_version():
    assert re.fullmatch(r"lame(enc)?, LAME [34][\d.]+, libsndfile [\d.]+", mp3.codec())


@pytest.fixture
def no_encoder(monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name: None)
    monkeypatch.setitem(sys.modules, "lameenc", None)
    for cached in (mp3.encoder, mp3.codec):
        cached.cache_clear()
    yield
    monkeypatch.undo()
    for cached in (mp3.encoder, mp3.codec):
        cached.cache_clear()


def test_without_any_encoder_the_sentence_says_how_to_get_one(no_encoder, command):
    with pytest.raises(MachineError, match="lameenc"):
        compress(sound(), 32)
    code, error = command(prepare.main, "--source", "sample", "--bitrate", 32)
    assert code == 4
    assert "pip install lameenc" in error
    assert "apt-get install lame" in error
