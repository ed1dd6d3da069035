"""How fast the networks of both halves train, beside the plain way and the machine's own limit.

python benchmarks/train.py [--quick | --large] [--runs 3]

A row a network and precision (with --quick network 0 and `quick` of either half; with --large
`quick` and `strong` on photographs of 224 pixels and sounds of 10 s, in batches of 50), in items a
second: ours, by the network's recipe as train.py does it; plain, the same network fed by a
generator that shifts and flips with scipy, image by image (sound has no augmentation: the
generator cuts batches from an array); still, the same as ours with one batch that never changes,
so that what ours takes longer is what the input costs. The limit is the network's multiply-adds at
the rate of a large matrix product measured in the same run in the same precision.
"""

import argparse
import importlib
import statistics
import time
from functools import partial

import keras
import numpy as np
from keras import ops
from measure import header, headline, row
from scipy import ndimage

from helmholtz import domain as domains
from helmholtz.machine import cores
from helmholtz.training import launches
from helmholtz.training.device import device, gpu
from helmholtz.training.model import compile_model, set_up

SIDE = 4096  # of the matrices whose product gives the limit
BATCHES = 5  # as few as give a steady rate
SHAPES = {"cifar": ((32, 32, 3), 10), "audio": ((96, 173, 1), 12)}  # of an item, and classes
LARGE = {"cifar": ((224, 224, 3), 10), "audio": ((96, 313, 1), 12)}  # 10 s at 16 kHz
LARGE_BATCH = 50


def optimizer(recipe, items, batch):
    args = argparse.Namespace(**recipe.flags)
    return recipe.optimizer(args, args.num_epoch * -(-len(items) // batch))


def ours(half, items, labels, build, batch, recipe):
    """The function that trains on all items as train.py does."""
    chosen = optimizer(recipe, items, batch)
    model = compile_model(items, recipe.layers(), build(), chosen, recipe.loss())
    model.prepare_launches(batch, on_gpu=gpu() is not None)
    order = np.random.default_rng(0).permutation(len(items)).astype(np.int32)
    fed = launches.batches(order, labels[order], model.dispatch_size)
    return lambda clock: model.fit(**fed, verbose=0, shuffle=False, callbacks=[clock])


def plain(half, items, labels, build, batch, recipe):
    model = compiled(build(), optimizer(recipe, items, batch), recipe)
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


def still(half, items, labels, build, batch, recipe):
    model = compiled(build(), optimizer(recipe, items, batch), recipe)
    scale = 255 if half == "cifar" else 1
    one = ops.convert_to_tensor(items[:batch] / np.float32(scale))
    some = ops.convert_to_tensor(labels[:batch])

    def forever():
        while True:
            yield one, some

    return lambda clock: model.fit(
        forever(), steps_per_epoch=len(items) // batch, verbose=0, callbacks=[clock]
    )


def compiled(network, chosen, recipe):
    accuracy = keras.metrics.SparseCategoricalAccuracy(name="acc")
    network.compile(chosen, recipe.loss(), metrics=[accuracy])
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

    The input of the first layer that is trained needs no gradient, and what is frozen has none.
    """
    found = {True: [], False: []}  # by whether the layer is trained
    for layer in network.layers:
        if isinstance(layer, keras.layers.Conv2D | keras.layers.Dense):
            places = layer.output.shape[1:3] if isinstance(layer, keras.layers.Conv2D) else ()
            found[layer.trainable].append(int(np.prod(places)) * int(np.prod(layer.kernel.shape)))
    return sum(found[False]) + 3 * sum(found[True]) - found[True][0]


def measure(half: str, name: str, precision: str, limit: float, args) -> None:
    network = domains.get(half).networks[name]
    shape, classes = (LARGE if args.large else SHAPES)[half]
    batch = LARGE_BATCH if args.large else network.recipe.flags["batch_size"]
    count = BATCHES * batch
    set_up(0, precision)
    rng = np.random.default_rng(0)
    if half == "cifar":
        items = rng.integers(0, 256, (count, *shape), np.uint8)
    else:
        items = rng.uniform(-80, 0, (count, *shape)).astype(np.float16)
    labels = np.arange(count) % classes
    build = partial(network.build, shape, classes)
    ways = [way(half, items, labels, build, batch, network.recipe) for way in (ours, plain, still)]
    mine, theirs, constant = rates(ways, count, args.runs)
    most = limit / multiply_adds(build())
    row(
        *(name, precision, mine, theirs, mine / theirs, most, f"{mine / most:.0%}"),
        f"{1 - mine / constant:.1%}",
    )
    keras.backend.clear_session()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--quick", action="store_true", help="two networks of either half")
    which.add_argument("--large", action="store_true", help="large photographs and long sounds")
    parser.add_argument("--runs", type=int, default=3)
    args = parser.parse_args()
    backend = keras.backend.backend()
    version = importlib.import_module(backend).__version__
    headline(f"Training with {backend} {version} on {device()}", "keras")
    limits = {name: matrix_rate(name) for name in ("float32", "bfloat16")}
    for name, rate in limits.items():
        print(f"A {name} product of {SIDE} x {SIDE}: {rate / 1e9:,.0f} billion multiply-adds/s")
    print(f"\nItems a second on {cores()} cores:\n")
    header(
        *("network", "precision", "ours", "plain", "times plain", "limit", "of the limit"),
        "input costs",
    )
    for half in domains.NAMES:
        names = list(domains.get(half).networks)
        names = [names[0], "quick"] if args.quick else ["quick", "strong"] if args.large else names
        for name in names:
            for precision, limit in limits.items():
                measure(half, name, precision, limit, args)


if __name__ == "__main__":
    main()
