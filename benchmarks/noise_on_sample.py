"""How close the Helmholtz measure comes to the sample's true noise, judged by a quick classifier.

PYTHONPATH=tests python benchmarks/noise_on_sample.py

All 10,000 training and 2,000 test images, five seeds; the classifier is tests/test_noise.py's.
Takes about eight minutes on two cores. Prints the accuracies and bytes of every quality, and for
every tolerance the rate chosen and U, F and the noise as multiples of the true noise.
"""

import numpy as np
import test_noise

from cifar import jpeg, sample
from helmholtz.analysis.prepared import packed_bytes


def main() -> None:
    parts = [sample.make("train"), sample.make("test")]
    accuracies, sizes = {}, {}
    for quality in (0, 100, 90, 75, 50, 25, 10):
        done = [[jpeg.compress(image, quality) for image in part[0]] for part in parts]
        train, test = (
            (np.stack([image for image, *_ in images]), part[1])
            for images, part in zip(done, parts, strict=True)
        )
        accuracies[quality] = [test_noise.judged(train, test, seed) for seed in range(5)]
        sizes[quality] = tuple(np.mean([d[1:] for d in done[1]], axis=0).tolist())
        print(quality, np.round(accuracies[quality], 4), sizes[quality], flush=True)
    packed = np.mean([packed_bytes(image) for image in parts[1][0]])
    rows = test_noise.rows_of(
        accuracies, sizes, true_noise_bits=parts[0][2], lossless_bytes=float(packed)
    )
    for tolerance in (0.01, 0.02, 0.05):
        show(tolerance, test_noise.answered(rows, tolerance))


def show(tolerance: float, found: dict) -> None:
    truth = found["true_noise_bits"]
    print(f"tolerance {tolerance}: quality {found['rate']}, surely {found['sure_rate']}")
    for kind in ("file", "scan"):
        times = {k: round(v / truth, 2) for k, v in found[kind].items() if v is not None}
        print(f"  {kind}: {times}, in units of the true {truth:,.0f} bits")


if __name__ == "__main__":
    main()
