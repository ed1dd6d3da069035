"""Whether bfloat16 is the same experiment: accuracies beside those of float32, seed by seed.

python benchmarks/precision.py [--quick] [--images FOLDER] [--sounds FOLDER]

Trains network 0 with three seeds (--seed 0 1 2) in both precisions, all else equal, on the embedded
sample and on folders of real data where they are given; through the sweep, so that the same command
goes on where it was stopped. Prints a row a source: mean accuracies of the best epoch, the mean of
the seeds' differences with its 95 % interval, and how much sooner bfloat16 was done. --quick: a few
epochs of the sample, which only show that it works.
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path
from statistics import fmean

from measure import header, headline, row

from helmholtz import cli
from helmholtz.analysis.statistics import interval

PRECISIONS = ("float32", "bfloat16")
IMAGES = ["cifar", "--quality", "25", "--limit", "4000", "--batch_size", "32", "--num_epoch", "6"]
SOUNDS = ["audio", "--bitrate", "32", "--mono", "--dur", "2", "--num_epoch", "30"]
QUICK = ["cifar", "--quality", "25", "--limit", "500", "--batch_size", "32", "--num_epoch", "2"]


def results(flags: list[str], source: str, precision: str, args) -> list[dict]:
    """result.json of every seed, in the order of seeds; trained first where it is missing."""
    command = [sys.executable, "-m", "helmholtz.sweep", *flags, "--source", source]
    command += ["--seed", *map(str, args.seed), "--precision", precision]
    command += ["--jobs", str(cli.workers())]
    root = args.log_dir / precision
    subprocess.run([*command, "--log_dir", root], check=True, stdout=subprocess.DEVNULL)
    domain, name = flags[0], Path(source).name
    found = [root.glob(f"{domain}/{name}*/*/*/seed_{seed}/result.json") for seed in args.seed]
    return [json.loads(path.read_text()) for paths in found for path in paths]


def compare(flags: list[str], source: str, args) -> None:
    full, half = (results(flags, source, precision, args) for precision in PRECISIONS)
    pairs = list(zip(full, half, strict=True))
    mean, low, high = interval([b["best_val_acc"] - a["best_val_acc"] for a, b in pairs])
    times = fmean(a["seconds"] / b["seconds"] for a, b in pairs)
    what = f"{full[0]['train_items']:,} items, {full[0]['epochs']} epochs"
    accuracies = (f"{fmean(r['best_val_acc'] for r in some):.4f}" for some in (full, half))
    row(
        *(f"{flags[0]}, {Path(source).name}", what, len(pairs), *accuracies),
        *(f"{mean:+.4f} ({low:+.4f} to {high:+.4f})", f"{times:.2f}"),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--images", help="a folder of class folders of images")
    parser.add_argument("--sounds", help="a folder of class folders of sounds")
    parser.add_argument("--seed", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--log_dir", type=Path, default=cli.LOGS / "precision")
    args = parser.parse_args()
    headline("bfloat16 beside float32", "keras")
    header(
        *("data", "trained on", "seeds", "float32", "bfloat16", "difference (95 % interval)"),
        "times as fast",
    )
    if args.quick:
        args.log_dir /= "quick"
        return compare(QUICK, "sample", args)
    compare(IMAGES, "sample", args)
    if args.images:
        compare(IMAGES, args.images, args)
    if args.sounds:
        compare(SOUNDS, args.sounds, args)


if __name__ == "__main__":
    main()
