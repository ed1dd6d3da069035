"""What an epoch draws: its order, dropout and augmentation, from the seed and its number alone."""

from functools import cache, partial
from tempfile import TemporaryDirectory

import keras
import numpy as np
import pytest

from cifar import train
from cifar.augment import ShiftAndFlip
from helmholtz.training import loop
from helmholtz.training.model import compile_model, seed_layers

ITEMS = 32


class Recorder(keras.layers.Layer):
    """Keeps what passes in training: the last batch, which here is the whole epoch."""

    def build(self, shape):
        self.seen = self.add_weight(shape=(ITEMS, *shape[1:]), trainable=False)

    def call(self, values, training=False):
        if training:
            self.seen.assign(values)
        return values


def numbered():
    """Items that differ, so that their order shows."""
    return np.arange(1, ITEMS + 1, dtype=np.float32)[:, None] * np.ones(4, np.float32)


def alike():
    """Items that do not differ, so that only what is done to them shows."""
    return np.ones((ITEMS, 4), np.float32)


def pictures():
    """The same image 32 times."""
    return np.repeat(np.random.default_rng(0).random((1, 6, 9, 1), np.float32), ITEMS, 0)


CASES = {
    "order": (numbered, [], []),
    "dropout": (alike, [], [partial(keras.layers.Dropout, 0.5)]),
    "augmentation": (pictures, [ShiftAndFlip], []),
}


@cache
def epochs(case, seed, count):
    """What the network saw in each of so many epochs."""
    make, before, inside = CASES[case]
    items, recorder = make(), Recorder()
    stack = [*(layer() for layer in inside), recorder, keras.layers.Flatten()]
    network = keras.Sequential(
        [keras.Input(items.shape[1:]), *stack, keras.layers.Dense(2, "softmax")]
    )
    optimizer = keras.optimizers.SGD(0.1)
    model = compile_model(items, [layer() for layer in before], network, optimizer)
    labels = np.arange(ITEMS) % 2
    parts = {"train": np.arange(ITEMS), "val": np.arange(4)}
    found = []
    with TemporaryDirectory() as folder:
        for epoch in range(1, count + 1):
            flags = ["--batch_size", str(ITEMS), "--num_epoch", str(epoch), "--seed", str(seed)]
            args = train.parse_args([*flags, "--log_dir", folder])
            loop.fit(model, labels, parts, {}, args.log_dir, args)
            found.append(np.asarray(recorder.seen).copy())
    return found


@pytest.mark.parametrize("case", CASES)
def test_every_epoch_draws_anew(case):
    first, second, third = epochs(case, 3, 3)
    assert (first != second).mean() > 0.3
    assert (second != third).mean() > 0.3
    assert (first != third).mean() > 0.3


@pytest.mark.parametrize("case", CASES)
def test_the_same_seed_and_epoch_draw_the_same(case):
    """However many epochs were asked for, and whatever was drawn in this process before."""
    np.testing.assert_array_equal(epochs(case, 3, 2), epochs(case, 3, 3)[:2])


@pytest.mark.parametrize("case", CASES)
def test_another_seed_draws_otherwise(case):
    for one, other in zip(epochs(case, 3, 3), epochs(case, 4, 2), strict=False):
        assert (one != other).mean() > 0.3


def test_every_item_is_seen_once_an_epoch():
    for seen in epochs("order", 3, 3):
        assert sorted(seen[:, 0]) == list(range(1, ITEMS + 1))
        assert abs(np.corrcoef(seen[:, 0], np.arange(ITEMS))[0, 1]) < 0.7  # shuffled, not turned


def test_the_order_of_an_epoch_is_pinned():
    """Whoever repeats an earlier run needs the same one."""
    for epoch, seen in enumerate(epochs("order", 3, 3), start=1):
        order = np.random.default_rng([3, epoch]).permutation(ITEMS)
        np.testing.assert_array_equal(seen[:, 0], order + 1)


def test_two_dropouts_of_a_network_draw_apart(monkeypatch):
    twice = [partial(keras.layers.Dropout, 0.5)] * 2
    monkeypatch.setitem(CASES, "two dropouts", (alike, [], twice))
    kept = epochs("two dropouts", 0, 1)[0] > 0
    assert 0.1 < kept.mean() < 0.4  # a quarter, and not the half that equal masks would leave


def test_dropouts_nested_deeper_are_seeded_too():
    def block():
        return keras.Sequential([keras.layers.Dropout(0.5), keras.layers.Dropout(0.5)])

    nested = keras.Sequential([block(), keras.layers.Dropout(0.5)])
    network = keras.Sequential([keras.Input((4,)), nested, keras.layers.Dense(2, "softmax")])
    model = compile_model(np.zeros((8, 4), np.float32), [], network, keras.optimizers.SGD())
    states = {}
    for seed, epoch in ((0, 1), (0, 2), (0, 1)):
        seed_layers(model, seed, epoch)
        dropouts = [*nested.layers[0].layers, nested.layers[1]]
        states.setdefault((seed, epoch), []).append(
            [int(np.asarray(layer.seed_generator.state)[0]) for layer in dropouts]
        )
    first, again = states[0, 1]
    assert first == again
    assert len({*first, *states[0, 2][0]}) == 6  # all differ, between epochs too
