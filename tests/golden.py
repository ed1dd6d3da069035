"""Two short runs, of photographs and of sounds, and the values that they are known to give.

python tests/golden.py        writes tests/golden/cifar.json and audio.json

Do so only when the experiment was changed on purpose, and say why in the commit: the difference of
the files shows what changed. test_golden.py compares, and says how close two machines come.
The items are made here, so that nothing but the experiment can move the values. They change under
every confusion of left and right, of up and down, of rows and columns, or of colours.
"""

import json
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest
import soundfile
from PIL import Image

from audio import train as audio_train
from cifar import train as cifar_train

VALUES = Path(__file__).parent / "golden"
COUNTS = {"a": 60, "b": 80, "c": 110}  # items of each class, unlike so that none stands for another
MAINS = {"cifar": cifar_train.main, "audio": audio_train.main}
# The learning rates keep training smooth: where it is not, rounding errors grow until two machines
# have no digit in common.
FLAGS = {
    "cifar": "--quality 25 --size 16 --model all-cnns --val 0.25 --limit 180 --batch_size 16"
    " --num_epoch 20 --learning_rate 0.01 --decay_rate 0.005",
    "audio": "--bitrate 16 --mono --dur 0.4 --mels 24 --model cnn_x2_mlp_128 --limit 180"
    " --batch_size 16 --num_epoch 16 --learning_rate 0.3",
}
COLUMNS = ["acc", "loss", "val_acc", "val_loss", "lr"]
FACTS = [
    *("best_val_acc", "best_epoch", "mean_of_ten_best", "convergence_epoch", "test_acc"),
    *("parameters", "epochs", "train_items", "val_items", "validated_on", "data"),
]


def photograph(label: int, rng: np.random.Generator) -> np.ndarray:
    """Red light from above, green light from below, blue light from the right: 24 x 32 x 3."""
    y, x = np.mgrid[0:1:24j, 0:1:32j]
    light = [1 - y, y, x][label] * rng.uniform(90, 150) + rng.uniform(20, 80)
    colour = rng.uniform(0.7, 1.3, 3) * (0.2 + np.eye(3)[label])
    noisy = light[..., None] * colour + rng.normal(0, 6, (24, 32, 3))
    return noisy.clip(0, 255).astype(np.uint8)


def sound(label: int, rng: np.random.Generator) -> np.ndarray:
    """A low tone that rises, a high one that falls, or one between: half a second at 44,100 Hz."""
    time = np.arange(22050) / 44100
    octaves = [3, -3, 0][label] * (time - 0.25)
    hz = [600, 2400, 1200][label] * rng.uniform(0.8, 1.25) * 2**octaves
    tone = rng.uniform(0.1, 0.5) * np.sin(2 * np.pi * np.cumsum(hz) / 44100)
    return tone + rng.uniform(0.01, 0.02) * rng.standard_normal(22050)


def write_items(domain: str, folder: Path) -> Path:
    """Class folders of files, an eighth of them in the wrong one so that no network is perfect."""
    rng = np.random.default_rng(7)
    for label, (name, count) in enumerate(COUNTS.items()):
        (folder / name).mkdir(parents=True)
        for i in range(count):
            path, shown = folder / name / f"{i:03d}", (label + (i % 8 == 0)) % 3
            if domain == "cifar":
                Image.fromarray(photograph(shown, rng)).save(path.with_suffix(".png"))
            else:
                soundfile.write(path.with_suffix(".wav"), sound(shown, rng), 44100)
    return folder


def train(domain: str, folder: Path) -> Path:
    """Prepare and train as a user would, keeping everything in folder; returns the run's folder."""
    source, run = write_items(domain, folder / "items"), folder / "run"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("helmholtz.io.datadir.ROOT", folder)
        MAINS[domain]([*FLAGS[domain].split(), "--source", str(source), "--log_dir", str(run)])
    return run


def values(run: Path) -> dict:
    """What a run says of itself, but for times and machines."""
    header, *rows = table(run / "history.csv")
    columns = dict(zip(header, zip(*rows, strict=True), strict=True))
    result = json.loads((run / "result.json").read_text())
    confusion = [[int(count) for count in row[1:]] for row in table(run / "confusion.csv")[1:]]
    result["data"].pop("source_bytes")  # depends on the library that writes PNG
    return {
        **{name: [float(value) for value in columns[name]] for name in COLUMNS},
        **{name: result[name] for name in FACTS},
        "confusion": confusion,
    }


def table(path: Path) -> list[list[str]]:
    return [line.split(",") for line in path.read_text().splitlines()]


def main(folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    for domain in MAINS:
        with tempfile.TemporaryDirectory() as temporary:
            found = values(train(domain, Path(temporary)))
        lines = [f'"{name}": {json.dumps(value)}' for name, value in found.items()]
        (folder / f"{domain}.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if sys.argv[1:] else VALUES)
