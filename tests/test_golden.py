"""Two golden runs: the values that they are known to give, and whether what they say is true.

Tried on one processor (Zen 4) with one thread and with two, without oneDNN, and with oneDNN held to
AVX2 and to SSE 4.1, as on older machines. Losses of an epoch differed by up to 0.0015 for images
and 0.013 for sounds, accuracies by one item, and everything else was the same.
"""

import io
import json

import keras
import numpy as np
import pytest
from golden import COLUMNS, FACTS, VALUES, table, train, values
from PIL import Image

from audio import predict as audio_predict
from cifar import predict as cifar_predict
from cifar.sources import read_image
from helmholtz.data import loading
from helmholtz.data.splits import select
from helmholtz.io import predictions

LOSS = {"cifar": 0.005, "audio": 0.04}  # three times what was seen
ACC = 0.03  # four of 135 training items, one of 45 validation items
PREDICT = {"cifar": cifar_predict.main, "audio": audio_predict.main}
SUFFIX = {"cifar": "png", "audio": "wav"}
on_tensorflow = pytest.mark.skipif(
    keras.backend.backend() != "tensorflow", reason="the values are TensorFlow's"
)


@pytest.fixture(scope="module", params=["cifar", "audio"])
def domain(request):
    return request.param


@pytest.fixture(scope="module")
def run(domain, tmp_path_factory):
    return train(domain, tmp_path_factory.mktemp(domain))


@pytest.fixture(scope="module")
def data(run):
    """The prepared data that the run learnt from."""
    return loading.load(next(run.parent.glob("*/data/*/*/train.h5")).parent, None)


@pytest.fixture(scope="module")
def network(run):
    return keras.saving.load_model(run / "model.keras")


def fed(domain, images):
    """What a network takes of prepared data."""
    return images.astype(np.float32) / (255 if domain == "cifar" else 1)


@on_tensorflow
def test_the_history_is_the_known_one(domain, run):
    known, found = json.loads((VALUES / f"{domain}.json").read_text()), values(run)
    for column in COLUMNS:
        off = {"lr": 1e-7, "loss": LOSS[domain], "acc": ACC}[column.removeprefix("val_")]
        np.testing.assert_allclose(found[column], known[column], rtol=0, atol=off, err_msg=column)


@on_tensorflow
def test_the_result_and_the_confusion_are_the_known_ones(domain, run):
    known, found = json.loads((VALUES / f"{domain}.json").read_text()), values(run)
    assert found.pop("data") == pytest.approx(known["data"], rel=0.01)  # as codecs' versions may
    assert np.abs(np.subtract(found["confusion"], known["confusion"])).sum() <= 2  # one item
    for name in set(FACTS) & set(found):
        off = ACC if isinstance(known[name], float) else 0
        assert found[name] == (pytest.approx(known[name], abs=off) if off else known[name]), name


def test_the_weights_that_are_kept_and_judged_are_the_best_epochs(domain, run, data, network):
    judged = network.get_weights()
    network.load_weights(run / "best.weights.h5")
    for kept, value in zip(network.get_weights(), judged, strict=True):
        np.testing.assert_array_equal(kept, value)
    header, *rows = table(run / "history.csv")
    val_loss = [float(row[header.index("val_loss")]) for row in rows]
    best = json.loads((run / "result.json").read_text())["best_epoch"]
    assert best < len(rows)
    items, labels, parts = select(data, 0.25, 180)
    network.compile(loss="sparse_categorical_crossentropy")
    loss = network.evaluate(fed(domain, items[parts["val"]]), labels[parts["val"]], verbose=0)
    assert loss == pytest.approx(val_loss[best - 1], abs=1e-4)
    assert loss != pytest.approx(val_loss[-1], abs=1e-4)


def test_test_accuracy_and_confusion_are_of_the_test_items(domain, run, data, network):
    items, labels = data.splits["test"]
    predicted = network.predict(fed(domain, items), verbose=0).argmax(axis=1)
    found = values(run)
    assert found["test_acc"] == pytest.approx((predicted == labels).mean())
    for true, row in enumerate(found["confusion"]):
        assert row == np.bincount(predicted[labels == true], minlength=3).tolist()
    assert table(run / "confusion.csv")[0] == ["true class", "a", "b", "c"]


def test_predictions_are_those_of_every_test_item_in_its_order(domain, run, data, network):
    items, labels = data.splits["test"]
    probabilities = network.predict(fed(domain, items), verbose=0)
    found = predictions.read(run / "predictions.csv")
    assert found.item.tolist() == list(range(len(labels)))
    assert found.truth.tolist() == labels.tolist()
    assert found.predicted.tolist() == probabilities.argmax(axis=1).tolist()
    of_truth = [row[label] for row, label in zip(probabilities, labels, strict=True)]
    np.testing.assert_allclose(found.probability, of_truth, atol=2e-6)


def test_predict_feeds_the_network_what_it_learnt_from(domain, run, data, network, capsys):
    """Compressed and scaled alike: the same probabilities as of the prepared items."""
    files = sorted((run.parent / "items").glob(f"*/*.{SUFFIX[domain]}"))
    capsys.readouterr()
    PREDICT[domain]([*map(str, files), "--log_dir", str(run), "--json"])
    answers = [json.loads(line)["probabilities"] for line in capsys.readouterr().out.splitlines()]
    found = sorted([answer[name] for name in "abc"] for answer in answers)
    items = np.concatenate([images for images, _ in data.splits.values()])
    expected = sorted(network.predict(fed(domain, items), verbose=0).tolist())
    np.testing.assert_allclose(found, expected, atol=2e-6)


def test_file_and_scan_bytes_are_those_of_the_files(domain, run):
    sizes = json.loads((run / "result.json").read_text())["data"]
    assert sizes["items"] == 250
    if domain == "audio":
        assert sizes["raw_bytes"] == 250 * 17640 * 2  # 0.4 s of 16-bit samples
        assert sizes["file_bytes"] == sizes["scan_bytes"]
        assert sizes["file_bytes"] / 250 == pytest.approx(0.4 * 16_000 / 8, rel=0.3)
        return
    files = [as_jpeg(read_image(path, 16)) for path in (run.parent / "items").glob("*/*.png")]
    assert sizes["raw_bytes"] == 250 * 24 * 32 * 3  # of the files
    assert sizes["file_bytes"] == sum(map(len, files))
    assert sizes["scan_bytes"] == sum(len(scan(file)) for file in files)


def as_jpeg(image):
    file = io.BytesIO()
    Image.fromarray(image).save(file, "JPEG", quality=25)
    return file.getvalue()


def scan(file):
    """What lies between the scan's header, of 14 bytes for three colours, and the end."""
    return file[file.index(b"\xff\xda") + 14 : -2]
