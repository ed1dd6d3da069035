"""How fast the twelve networks train, beside the plain way and the machine's own limit.

python benchmarks/train.py [--quick] [--runs 3]

A row a network and precision (with --quick the first network of either half), in items a second:
ours, the published training as train.py does it; plain, the same network fed by a generator that
shifts and flips with scipy, image by image (sound has no augmentation: the generator cuts batches
from an array); still, the same as ours with one batch that never changes, so that what ours takes
longer is what the input costs. The limit is the network's multiply-adds at the rate of a large
matrix product measured in the same run in the same precision.
"""

import argparse
import importlib
import statistics
import time

import keras
import numpy as np
from keras import ops
from measure import header, headline, row
from scipy import ndimage

import audio.models
import cifar.models
from audio import constants as audio_settings
from cifar import constants as cifar_settings
from cifar.augment import ShiftAndFlip
from helmholtz import training
from helmholtz.cli import workers
from helmholtz.training import launches

SIDE = 4096  # of the matrices whose product gives the limit
# Of each half: networks, builder, shape, classes, batch, items, as few as give a steady rate.
HALVES = {
    "cifar": (cifar_settings.ARCHITECTURES, cifar.models.build_model, (32, 32, 3), 10, 128, 640),
    "audio": (audio_settings.ARCHITECTURES, audio.models.build_model, (96, 173, 1), 12, 50, 150),
}


def optimizer(half: str):
    if half == "cifar":
        return keras.optimizers.SGD(0.01, momentum=cifar_settings.MOMENTUM, nesterov=True)
    return keras.optimizers.Adadelta(1.0, rho=audio_settings.RHO)


def ours(half, items, labels, build, batch):
    """The model and the function that trains on all items, as train.py does both."""
    layers = [keras.layers.Rescaling(1 / 255, dtype="float32"), ShiftAndFlip()]
    model = training.compile_model(
        items, layers if half == "cifar" else [], build(), optimizer(half)
    )
    model.prepare_launches(batch, on_gpu=training.gpu() is not None)
    order = np.random.default_rng(0).permutation(len(items)).astype(np.int32)
    fed = launches.batches(order, labels[order], model.fed)
    return lambda clock: model.fit(**fed, verbose=0, shuffle=False, callbacks=[clock])


def plain(half, items, labels, build, batch):
    model = compiled(half, build())
    rng = np.random.default_rng(0)

    def batches():
        while True:
            for start in range(0, len(items), batch):
                some = items[start : start + batch]
                if half == "cifar":
                    some = np.stack([augmented(image / np.float32(255), rng) for image in some])
                yield some.astype(np.float32), labels[start : start + batch]

    return lambda clock: model.fit(
        batches(), steps_per_epoch=len(items) // batch, verbose=0, callbacks=[clock]
    )


def augmented(image, rng):
    shift = rng.uniform(-3.2, 3.2, 2)
    moved = ndimage.shift(image, (*shift, 0), order=1, mode="nearest")
    return moved[:, ::-1] if rng.random() < 0.5 else moved


def still(half, items, labels, build, batch):
    model = compiled(half, build())
    scale = 255 if half == "cifar" else 1
    one = ops.convert_to_tensor(items[:batch] / np.float32(scale))
    some = ops.convert_to_tensor(labels[:batch])

    def forever():
        while True:
            yield one, some

    return lambda clock: model.fit(
        forever(), steps_per_epoch=len(items) // batch, verbose=0, callbacks=[clock]
    )


def compiled(half, network):
    accuracy = keras.metrics.SparseCategoricalAccuracy(name="acc")
    network.compile(optimizer(half), "sparse_categorical_crossentropy", metrics=[accuracy])
    return network


class Clock(keras.callbacks.Callback):
    """Seconds of an epoch, but for its first launch: what comes before and after is no step."""

    def on_epoch_begin(self, epoch, logs=None):
        self.ends = []

    def on_train_batch_end(self, batch, logs=None):
        float(logs["loss"])  # waits for the device
        self.ends.append(time.perf_counter())

    @property
    def seconds(self) -> float:
        return (self.ends[-1] - self.ends[0]) * len(self.ends) / (len(self.ends) - 1)


def rates(ways: list, count: int, runs: int) -> list[float]:
    """Items a second of every way: medians of runs that take turns, after one that compiles."""
    taken, clock = [[] for _ in ways], Clock()
    for way in ways:
        way(clock)
    for _ in range(runs):
        for way, seconds in zip(ways, taken, strict=True):
            way(clock)
            seconds.append(clock.seconds)
    return [count / statistics.median(seconds) for seconds in taken]


def matrix_rate(dtype: str) -> float:
    """Multiply-adds a second of a large matrix product: the best of seven."""
    rng = np.random.default_rng(0)
    a, b = (ops.cast(rng.standard_normal((SIDE, SIDE)), dtype) for _ in range(2))
    best = np.inf
    for _ in range(7):
        started = time.perf_counter()
        ops.convert_to_numpy(ops.cast(ops.matmul(a, b)[0, 0], "float32"))
        best = min(best, time.perf_counter() - started)
    return SIDE**3 / best


def multiply_adds(network) -> int:
    """Of training on one item: the products forward, and twice as many backward.

    The first layer's input needs no gradient.
    """
    found = []
    for layer in network.layers:
        if isinstance(layer, keras.layers.Conv2D):
            found.append(int(np.prod(layer.output.shape[1:3])) * int(np.prod(layer.kernel.shape)))
        elif isinstance(layer, keras.layers.Dense):
            found.append(int(np.prod(layer.kernel.shape)))
    return 3 * sum(found) - found[0]


def measure(half: str, name: str, precision: str, limit: float, runs: int) -> None:
    _, build_model, shape, classes, batch, count = HALVES[half]
    training.set_up(0, precision)
    rng = np.random.default_rng(0)
    if half == "cifar":
        items = rng.integers(0, 256, (count, *shape), np.uint8)
    else:
        items = rng.uniform(-80, 0, (count, *shape)).astype(np.float16)
    labels = np.arange(count) % classes
    ways = [
        way(half, items, labels, lambda: build_model(name), batch) for way in (ours, plain, still)
    ]
    mine, theirs, constant = rates(ways, count, runs)
    most = limit / multiply_adds(build_model(name))
    row(
        *(name, precision, mine, theirs, mine / theirs, most, f"{mine / most:.0%}"),
        f"{1 - mine / constant:.1%}",
    )
    keras.backend.clear_session()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--quick", action="store_true", help="the first network of either half")
    parser.add_argument("--runs", type=int, default=3)
    args = parser.parse_args()
    backend = keras.backend.backend()
    version = importlib.import_module(backend).__version__
    headline(f"Training with {backend} {version} on {training.device()}", "keras")
    limits = {name: matrix_rate(name) for name in ("float32", "bfloat16")}
    for name, rate in limits.items():
        print(f"A {name} product of {SIDE} x {SIDE}: {rate / 1e9:,.0f} billion multiply-adds/s")
    print(f"\nItems a second on {workers()} cores:\n")
    header(
        *("network", "precision", "ours", "plain", "times plain", "limit", "of the limit"),
        "input costs",
    )
    for half, (networks, *_) in HALVES.items():
        for name in list(networks)[: 1 if args.quick else None]:
            for precision, limit in limits.items():
                measure(half, name, precision, limit, args.runs)


if __name__ == "__main__":
    main()
