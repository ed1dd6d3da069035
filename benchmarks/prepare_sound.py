"""How fast sounds are prepared, beside the plain way and the encoder's own limit.

python benchmarks/prepare_sound.py [--quick] [--runs 3]

400 clips of 2 s of the sample (80 with --quick), as WAV files, at each bitrate. The plain way:
the lame tool to a file (lameenc where there is no such tool), librosa.load,
librosa.feature.melspectrogram, one npz a clip, one after the other. The limit: the encoder alone
in a bare loop on one core, divided by the cores. Prints a row a bitrate: medians of the runs.
"""

import argparse
import shutil
import subprocess
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import librosa
import numpy as np
import soundfile
from measure import header, headline, peak_mb, prepare, row, seconds

import audio.features  # noqa: F401  as audio/prepare.py does before it starts workers
from audio import mp3, sample
from audio.constants import BITRATES, FEATURES, N_FFT, SAMPLE_RATE
from audio.domain import DOMAIN, compress_sounds
from audio.samples import to_pcm
from audio.survey import Clip
from helmholtz.machine import cores

TEST_SHARE = 5  # a fifth is the test split


def plain_way(files: list[Path], bitrate: int, folder: Path) -> None:
    for file in files:
        coded = folder / f"{file.stem}.mp3"
        if shutil.which("lame"):
            subprocess.run(["lame", "--silent", "-m", "m", "-b", str(bitrate), file, coded])
        else:
            pcm = soundfile.read(file, dtype="int16")[0]
            coded.write_bytes(mp3.encode(pcm, bitrate, "lameenc"))
        sound, _ = librosa.load(coded, sr=SAMPLE_RATE)
        mel = librosa.feature.melspectrogram(y=sound, sr=SAMPLE_RATE, n_fft=N_FFT, n_mels=96)
        np.savez_compressed(folder / f"{file.stem}.npz", librosa.amplitude_to_db(mel))


def our_way(files: list[Path], bitrate: int, folder: Path) -> None:
    clips = [Clip(file, sample.SAMPLES) for file in files]
    codec = DOMAIN.published
    work = partial(compress_sounds, codec=codec.compress, features=FEATURES)
    prepare(clips, TEST_SHARE, work, DOMAIN, codec, bitrate, folder)


def encoder_alone(sounds: list[np.ndarray], bitrate: int, folder: Path) -> None:
    for pcm in sounds:
        mp3.encode(pcm, bitrate, mp3.encoder())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--quick", action="store_true", help="80 clips, three bitrates")
    parser.add_argument("--runs", type=int, default=3)
    args = parser.parse_args()
    count = 80 if args.quick else 400
    with TemporaryDirectory() as folder:
        files, sounds = [], []
        for i, note in enumerate(sample.make("train", count)[0]):
            sounds.append(to_pcm(sample.record(note)))
            files.append(Path(folder) / f"{i}.wav")
            soundfile.write(files[-1], sounds[-1], SAMPLE_RATE)
        few = count // 4  # enough for the two slow measures, which grow linearly
        headline(f"{count} clips of 2 s, {mp3.codec()}", "librosa", "scipy", "soxr", "lameenc")
        header(
            *("kb/s", "ours, s", "clips/s", "plain, s", "times", "limit, s", "of the limit"),
            "peak MB",
        )
        for bitrate in (8, 32, 128) if args.quick else BITRATES:
            ours = seconds(our_way, files, bitrate, runs=args.runs)
            plain = 4 * seconds(plain_way, files[:few], bitrate, runs=args.runs)
            limit = 4 * seconds(encoder_alone, sounds[:few], bitrate, runs=args.runs) / cores()
            row(
                *(bitrate, ours, count / ours, plain, plain / ours, limit, ours / limit),
                peak_mb(),
            )


if __name__ == "__main__":
    main()
