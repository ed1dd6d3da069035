"""predictions.csv: what is written is read, and what a run cannot have written is damage."""

import numpy as np
import pytest

from helmholtz.errors import DataError
from helmholtz.io import predictions

PROBABILITIES = np.array([[0.1, 0.2, 0.7], [0.6, 0.3, 0.1], [0.25, 0.5, 0.25]])


@pytest.fixture
def written(tmp_path):
    made = predictions.of(np.array([7, 0, 3]), np.array([2, 1, 1]), PROBABILITIES)
    predictions.write(tmp_path / predictions.FILE, made)
    return tmp_path / predictions.FILE


def test_what_is_written_is_read_in_the_order_of_the_items(written):
    found = predictions.read(written)
    assert found.item.tolist() == [0, 3, 7]
    assert found.truth.tolist() == [1, 1, 2]
    assert found.predicted.tolist() == [0, 1, 2]
    assert found.correct.tolist() == [False, True, True]
    assert found.probability.tolist() == [0.3, 0.5, 0.7]
    assert written.read_text() == (
        "item,truth,predicted,probability\n0,1,0,0.3\n3,1,1,0.5\n7,2,2,0.7\n"
    )


@pytest.mark.parametrize(
    "text",
    [
        "",
        "item,truth,predicted,probability\n",
        "epoch,acc\n1,0.5\n",
        "item,truth,predicted,probability\n0,1,0\n",
        "item,truth,predicted,probability\n0,1,0,0.3\n3,1\n",
        "item,truth,predicted,probability\n0,1,0,nan\n",
        "item,truth,predicted,probability\n0,1,0,1.5\n",
        "item,truth,predicted,probability\n0,-1,0,0.5\n",
        "item,truth,predicted,probability\n3,1,0,0.5\n3,1,0,0.5\n",
        "item,truth,predicted,probability\n0,1,99999999999999999999,0.5\n",
        "item,truth,predicted,probability\n0,x,0,0.5\n",
    ],
)
def test_what_no_run_wrote_is_damage(written, text):
    written.write_text(text)
    with pytest.raises(DataError, match=r"predictions\.csv is missing or damaged"):
        predictions.read(written)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(DataError, match="missing"):
        predictions.read(tmp_path / predictions.FILE)
