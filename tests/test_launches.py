"""Several batches in one launch are the same training as one launch a batch."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from small import compiled

from helmholtz.data.items import Items
from helmholtz.training import launches

PROGRAM = """
import json, sys, tempfile
from pathlib import Path
import numpy as np
from cifar import train
from helmholtz.training import launches, loop
from tests.small import LABELS, PARTS, compiled

def trained(steps, folder):
    rng = np.random.default_rng(0)
    model = compiled(rng.integers(0, 256, (76, 8, 8, 3), np.uint8))
    args = train.parse_args(["--batch_size", "8", "--num_epoch", "3"])
    launches.STEPS, loop.gpu = steps, lambda: "as if there were one"
    rows = loop.fit(model, LABELS, PARTS, {}, Path(folder), args)
    weights = [variable.numpy().tolist() for variable in model.layers[-1].variables]
    return [{k: v for k, v in row.items() if k != "seconds"} for row in rows], weights

with tempfile.TemporaryDirectory() as a, tempfile.TemporaryDirectory() as b:
    one = trained(1, a)
    many = trained(int(sys.argv[1]), b)
print(json.dumps([one, many]))
"""


def stored(size: int, count=100) -> Items:
    """Items that stay on disk, of so many bytes each, which take no memory here."""
    return Items([np.broadcast_to(np.uint8(0), (count, size))], np.arange(count))


@pytest.fixture
def model():
    return compiled(np.zeros((76, 8, 8, 3), np.uint8))


@pytest.mark.parametrize(
    ("size", "on_gpu", "launch"),
    [(None, False, 1), (None, True, 64), (3072, True, 64), (1 << 20, True, 32), (1 << 26, True, 1)],
)
def test_a_launch_has_64_batches_on_a_gpu_and_fewer_of_large_items_from_disk(
    size, on_gpu, launch, model, monkeypatch
):
    model.stored = stored(size) if size else None
    model.prepare_launches(8, on_gpu)
    assert (model.launch, model.steps_per_execution, model.dispatch_size) == (launch, launch, 8)
    assert isinstance(model.launch, int)
    monkeypatch.setattr(launches, "on_jax", lambda: True)
    model.prepare_launches(8, on_gpu)
    assert (model.launch, model.steps_per_execution) == (launch, 1)
    assert model.dispatch_size == 8 * launch


@pytest.mark.parametrize(
    ("outputs", "batch"),
    [([10, 100], 500), ([1 << 20, 1 << 21], 256), ([1 << 28], 2), ([1 << 40], 1), ([], 500)],
)
def test_two_layers_of_what_is_judged_at_a_time_take_no_more_than_4_gib(
    outputs, batch, model, monkeypatch
):
    monkeypatch.setattr(launches, "output_sizes", lambda network: outputs)
    model.prepare_launches(8, on_gpu=False)
    assert (model.evaluation_batch, type(model.evaluation_batch)) == (batch, int)


def test_other_items_go_where_the_model_takes_them_from():
    images = np.random.default_rng(0).integers(0, 256, (152, 8, 8, 3), np.uint8)
    first, others = (Items([images], rows) for rows in np.split(np.arange(152), 2))
    place, said = np.arange(76), []
    for given in (first[:], first):
        model = compiled(given)
        model.prepare_launches(8, on_gpu=False)
        assert (model.stored is None) == (given is not first)
        before = model.probabilities(place)
        model.exchange(others)
        said.append([before, model.probabilities(place), model.probabilities(place[::-1])[::-1]])
    for one, other in zip(*said, strict=True):
        np.testing.assert_array_equal(one, other)
    before, after, turned = said[0]
    np.testing.assert_allclose(after, turned, rtol=1e-5)
    assert np.abs(before - after).max() > 0.01


@pytest.mark.parametrize(("backend", "steps"), [("jax", 4), ("jax", 64), ("tensorflow", 4)])
def test_launches_of_several_batches_change_nothing(backend, steps):
    pytest.importorskip(backend)
    answer = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(steps)],
        env=os.environ | {"KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "3"},
        cwd=Path(__file__).parents[1],
        capture_output=True,
        text=True,
    )
    assert answer.returncode == 0, answer.stderr[-2000:]
    one, many = json.loads(answer.stdout.splitlines()[-1])
    # XLA may order sums differently within a scan; a batch lost or repeated shows at once.
    assert one[0][-1]["lr"] == many[0][-1]["lr"] == pytest.approx(0.05 / 1.21)
    for row, other in zip(one[0], many[0], strict=True):
        assert row == pytest.approx(other, rel=1e-5)
    for value, other in zip(one[1], many[1], strict=True):
        np.testing.assert_allclose(value, other, rtol=1e-4, atol=1e-6)
