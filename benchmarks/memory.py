"""Peak memory beside the size of the data: trained, interrupted, resumed and judged, from disk.

python benchmarks/memory.py [--limit 1.5] [--gigabytes 0.375 1.5 6] [--feeds disk]

Every command runs under a limit on its private memory, in GB (RLIMIT_DATA, as of `ulimit -d`): what
it has allocated, and neither mapped files nor the page cache, which the system takes back when it
needs them. Data: images of 128 pixels a side, the sample's enlarged and shifted, uncompressed. The
network is one layer on their means, so that reading is what there is to do.
"""

import argparse
import resource
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from measure import header, headline, row
from PIL import Image

ROOT = Path(__file__).parents[1]
SIZE, MADE = 128, 500  # pixels a side, and images that the others are shifted from
NETWORK = """
import keras
from helmholtz.domain import Recipe

def make(shape, classes):
    layers = [keras.layers.AveragePooling2D(16), keras.layers.Flatten()]
    dense = keras.layers.Dense(classes, activation="softmax")
    recipe = Recipe({"num_epoch": 2, "batch_size": 128}, sgd, scale)
    return keras.Sequential([keras.Input(shape), *layers, dense]), recipe

def sgd(args, steps):
    return keras.optimizers.SGD(0.1)

def scale():
    return [keras.layers.Rescaling(1 / 255, dtype="float32")]
"""


def make_source(folder: Path) -> None:
    """A folder of a few images, of which the prepared data pretend to be made."""
    from cifar import sample

    images, labels, _ = sample.make("train", MADE)
    for i, (image, label) in enumerate(zip(images, labels, strict=True)):
        path = folder / sample.CLASSES[label] / f"{i}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).resize((SIZE, SIZE)).save(path)


def make_data(source: Path, data_dir: Path, gigabytes: float) -> int:
    """Prepared data of a size, under the name and the fingerprint of a source; gives the items."""
    from cifar import prepare
    from cifar.domain import DOMAIN
    from helmholtz.data.prepare_command import folder_of
    from helmholtz.io import store
    from helmholtz.schema import SIZES

    words = ["--source", source, "--size", SIZE, "--quality", 0, "--data_dir", data_dir]
    args = prepare.parse_args([str(word) for word in words])
    opened = DOMAIN.open_source(args)
    classes, parts, _ = opened.load()
    paths, labels = parts["train"]
    images = np.stack([np.asarray(Image.open(path)) for path in paths])
    said = {"source": opened.name, "fingerprint": opened.fingerprint, "classes": classes, "rate": 0}
    said |= {"codec": DOMAIN.published.version(), "enlarged": 0, **DOMAIN.data_settings(args)}
    total = round(gigabytes * 1e9 / images[0].nbytes)
    for split, count in (("train", total * 4 // 5), ("test", total // 5)):
        path = folder_of(DOMAIN, args, opened.name, DOMAIN.published, 0) / f"{split}.h5"
        with store.create(path) as file:
            data = file.create_dataset("data", (count, *images.shape[1:]), np.uint8)
            for start in range(0, count, len(images)):
                shifted = np.roll(images, start // len(images), axis=2)
                data[start : start + len(images)] = shifted[: count - start]
            file["label"] = np.resize(labels, count)
            store.set_attributes(
                file, said | {"items": count} | dict.fromkeys(SIZES, count * images[0].nbytes)
            )
    return total


def limited(limit: float, *words, until: Path | None = None) -> tuple[int, float, str]:
    """Run a command under a limit in GB; gives its exit code, peak of private memory, and output.

    until: a file after whose appearance the command is interrupted.
    """
    size = round(limit * 1e9)
    process = subprocess.Popen(
        [sys.executable, *map(str, words)], cwd=ROOT, text=True, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_DATA, (size, size)),
    )  # fmt: skip
    peak, status = 0, Path(f"/proc/{process.pid}/status")
    while process.poll() is None:
        lines = dict(line.split(":", 1) for line in status.read_text().splitlines())
        peak = max(peak, int(lines.get("RssAnon", "0 kB").split()[0]))
        if until and until.exists():
            process.send_signal(signal.SIGTERM)
            until = None
        time.sleep(0.02)
    return process.returncode, peak / 1e6, process.stdout.read()


def measure(folder: Path, gigabytes: float, limit: float, feed: str) -> list:
    """The peaks of training, of going on after an interruption, and of evaluation; GB or a code."""
    source, network, data_dir, run = (folder / n for n in ("photos", "own.py", "data", f"{feed}"))
    words = [source, "--size", SIZE, "--quality", 0, "--data_dir", data_dir, "--val", 0.1]
    words = ["cifar/train.py", "--model", f"{network}:make", "--log_dir", run, "--source", *words]
    judge = ["cifar/evaluate.py", "--log_dir", run, "--quality", 0, "--model", f"{network}:make"]
    steps = [
        ([*words, "--feed", feed], run / "checkpoint_0001.h5", 75),
        ([*words, "--feed", feed, "--resume"], None, 0),
        ([*judge, "--feed", feed], None, 0),
    ]
    peaks = []
    for command, until, wanted in steps:
        code, peak, said = limited(limit, *command, until=until)
        if code != wanted:
            print(said[-2000:], file=sys.stderr)
            return [*peaks, *[f"stopped with exit code {code}"] * (len(steps) - len(peaks))]
        peaks.append(peak)
    return peaks


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--limit", type=float, default=1.5, help="GB of private memory")
    sizes = [0.375, 1.5, 6.0]
    parser.add_argument("--gigabytes", type=float, nargs="+", default=sizes, help="of the data")
    parser.add_argument("--feeds", nargs="+", default=["disk"])
    args = parser.parse_args()
    headline(f"Private memory of at most {args.limit} GB", "keras", "numpy")
    header("data, GB", "items", "feed", "trained, peak GB", "resumed", "evaluated")
    for gigabytes in args.gigabytes:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            make_source(folder / "photos")
            (folder / "own.py").write_text(NETWORK)
            items = make_data(folder / "photos", folder / "data", gigabytes)
            for feed in args.feeds:
                peaks = measure(folder, gigabytes, args.limit, feed)
                row(gigabytes, items, feed, *peaks)


if __name__ == "__main__":
    main()
