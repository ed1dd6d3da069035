"""How a run ends: the weights that it keeps are evaluated, and what they give is written."""

from pathlib import Path

from sklearn.metrics import confusion_matrix

from helmholtz.io import predictions, runs
from helmholtz.io.files import replacing, write_json
from helmholtz.schema import LAST, SIZES, TEST_SPLIT
from helmholtz.training import prediction
from helmholtz.training.device import device


def evaluate(
    model, network, labels, parts: dict, tested, history: list, setting: dict, folder: Path
) -> dict:
    """Judge the test split by the weights of the epoch that counts, and write what they give.

    tested: the indices in the test split of the items that the run judges. Writes model.keras,
    predictions.csv, confusion.csv, a row a true class and a column a predicted one, and
    result.json. Returns what result.json says.
    """
    prediction.load_weights(network, folder / "best.weights.h5")
    judged = parts.get("test", parts["val"])
    found = predictions.of(tested, labels[judged], model.probabilities(judged))
    predictions.write(folder / predictions.FILE, found)
    with replacing(folder / "model.keras") as temporary:
        network.save(temporary)
    classes = setting["data"]["classes"]
    counts = confusion_matrix(found.truth, found.predicted, labels=range(len(classes)))
    runs.write_confusion(folder, classes, counts)
    test_acc = float(found.correct.mean()) if "test" in parts else None
    result = _result(history, parts, setting, network.count_params(), test_acc)
    write_json(folder / "result.json", result)
    return result


def _result(history: list, parts: dict, setting: dict, parameters: int, test_acc) -> dict:
    seconds = sum(row["seconds"] for row in history)
    data = setting["data"]
    return {
        **{key: setting[key] for key in ("domain", "model", "codec", "rate")},
        "source": data.get("source"),
        "seed": setting["flags"]["seed"],
        "parameters": parameters,
        "epochs": len(history),
        "train_items": len(parts["train"]),
        "val_items": len(parts["val"]),
        "test_items": len(parts.get("test", [])),
        "validated_on": _validated_on(parts),
        "counted_epoch": setting["counted_epoch"],
        **_statistics(history, setting["counted_epoch"]),
        "test_acc": test_acc,
        "data": {key: data.get(key) for key in (*SIZES, "items")},
        "seconds": round(seconds, 3),
        "items_per_second": round(len(parts["train"]) * len(history) / seconds, 1),
        "device": device(),
        "precision": setting["flags"]["precision"],
    }


def _validated_on(parts: dict) -> str:
    if not len(parts["val"]):
        return "nothing"
    return "held-out training items" if "test" in parts else TEST_SPLIT


def _statistics(history: list, counted: str) -> dict:
    """The statistics of the paper; None where the last epoch counts, which has no best one."""
    if counted == LAST:
        return dict.fromkeys(runs.statistics([0.0]))
    return runs.statistics([row["val_acc"] for row in history])


def print_result(result: dict, rate: str, folder: Path) -> None:
    """Say in two lines how the run ended, and where it is."""
    print(f"{result['model']}, {rate}: {runs.accuracies(result)}, {result['seconds']:.0f} s")
    print(folder.resolve())
