"""Several batches in one launch are the same training as one launch a batch."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

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
