"""Train a network on prepared data: epochs, history, best weights, checkpoints, resume."""

import sys
import time
from pathlib import Path

import keras
import numpy as np
from keras import ops
from tqdm import tqdm

from helmholtz import checkpoints, prediction, runs, trackers
from helmholtz.cli import DataError
from helmholtz.files import replacing, require_space, write_json
from helmholtz.folders import SPLIT_SEED
from helmholtz.launches import Model, batches
from helmholtz.preparation import Data

EVALUATION_BATCH = 500


class Gather(keras.layers.Layer):
    """The whole data set, on the device as it is stored: takes indices, gives float32 items."""

    def __init__(self, items: np.ndarray):
        super().__init__(dtype="float32")
        self.items = self.add_weight(
            shape=items.shape,
            dtype=items.dtype.name,
            initializer=lambda *args, **kwargs: ops.convert_to_tensor(items),
            trainable=False,
            autocast=False,
        )

    def call(self, indices):
        return ops.cast(ops.take(self.items, indices, axis=0), "float32")


def select(data: Data, val: float, limit: int | None) -> tuple[np.ndarray, np.ndarray, dict]:
    """Which items train, which choose the best epoch, and which test.

    val: the share of the training split held out for validation; with 0 the test split
    validates, as the paper did, and no test is left. limit: at most so many items of each split.
    The choice depends on the data alone, so that runs of all rates and seeds see the same items.
    Returns (items, labels, parts): all items in one array, and for "train", "val" and perhaps
    "test" the int32 indices of theirs.
    """
    chosen = {}
    for split, (_, labels) in data.splits.items():
        order = np.random.default_rng(SPLIT_SEED).permutation(len(labels))
        chosen[split] = order[:limit]
    items, labels = (
        np.concatenate([data.splits[split][i][chosen[split]] for split in ("train", "test")])
        for i in (0, 1)
    )
    count = len(chosen["train"])
    held_out = max(1, round(val * count)) if val else 0
    indices = np.arange(len(items), dtype=np.int32)
    parts = {"train": indices[held_out:count], "val": indices[count:]}
    if held_out:
        parts |= {"val": indices[:held_out], "test": indices[count:]}
    if len(parts["train"]) == 0:
        raise DataError("No item is left to train on: lower --val or raise --limit.")
    return items, labels, parts


def set_up(seed: int, precision: str) -> None:
    """Set what a run's weights start from, and the precision that its layers compute in."""
    keras.utils.set_random_seed(seed)
    keras.config.set_dtype_policy("mixed_bfloat16" if precision == "bfloat16" else "float32")


def compile_model(items, layers: list, network, optimizer) -> keras.Model:
    """From an index to probabilities: gather, the layers before the network, the network."""
    model = Model([keras.Input((), dtype="int32"), Gather(items), *layers, network])
    accuracy = keras.metrics.SparseCategoricalAccuracy(name="acc")
    model.compile(optimizer, "sparse_categorical_crossentropy", metrics=[accuracy])
    return model


def announce(model, parts: dict, folder: Path) -> None:
    """Say what is about to be trained, on what, and where it goes."""
    network = model.layers[-1]
    print(
        f"{network.name}, {network.count_params():,} parameters, {len(parts['train']):,} items, "
        f"{keras.backend.backend()} on {device()}: {folder}",
        flush=True,
    )


def fit(model, labels, parts: dict, folder: Path, args) -> list[dict]:
    """Train until args.num_epoch, from the newest checkpoint where there is one.

    Writes history.csv, best.weights.h5 and a checkpoint after every epoch. Order, augmentation
    and dropout of an epoch depend on (args.seed, epoch) alone. Returns the history.
    Raises DataError when the loss is no longer finite.
    """
    announce(model, parts, folder)
    on_gpu = gpu() is not None
    model.prepare_launches(args.batch_size, on_gpu)
    network = model.layers[-1]
    model.optimizer.build(model.trainable_variables)
    variables = [*network.variables, *model.optimizer.variables]
    epoch_bytes = 2 * sum(variable.numpy().nbytes for variable in variables)  # a checkpoint, a best
    history = checkpoints.restore(folder, variables)
    with (
        checkpoints.Writer(folder, on_gpu) as checkpoint,
        trackers.following(args, folder, history) as follow,
        _Progress(args, len(history), len(parts["train"]), model.launch) as progress,
    ):
        for epoch in range(len(history) + 1, args.num_epoch + 1):
            row = _one_epoch(model, labels, parts, epoch, args, progress)
            best = max((old["val_acc"] for old in history), default=-1.0)
            history.append(row)
            runs.write_history(folder, history)
            progress.report(row)
            follow(row)
            if not np.isfinite([row["loss"], row["val_loss"]]).all():
                raise DataError(
                    f"The loss became no number in epoch {epoch}: lower --learning_rate "
                    f"and start again with --overwrite (kept in {folder})."
                )
            require_space(folder, epoch_bytes)
            if row["val_acc"] > best:
                with replacing(folder / "best.weights.h5") as temporary:
                    network.save_weights(temporary)
            checkpoint.save(history, variables)
    return history


def _one_epoch(model, labels, parts, epoch: int, args, progress) -> dict:
    started = time.perf_counter()
    _seed_layers(model, args.seed, epoch)
    order = np.random.default_rng([args.seed, epoch]).permutation(parts["train"])
    fed = batches(order, labels[order], model.fed)
    trained = model.fit(**fed, verbose=0, shuffle=False, callbacks=[progress]).history
    val = parts["val"]
    fed = batches(val, labels[val], EVALUATION_BATCH)
    validated = model.evaluate(**fed, verbose=0, return_dict=True)
    row = {
        "acc": trained["acc"][0],
        "loss": trained["loss"][0],
        "val_acc": validated["acc"],
        "val_loss": validated["loss"],
        "lr": ops.convert_to_numpy(model.optimizer.learning_rate),
        "seconds": round(time.perf_counter() - started, 3),
    }
    # Seven digits are what a float32 holds; the same number in every file that shows it.
    return {"epoch": epoch} | {key: float(f"{value:.7g}") for key, value in row.items()}


def _seed_layers(model, seed: int, epoch: int) -> None:
    """Set the random state of augmentation and dropout from (seed, epoch)."""
    layers = [*model.layers, *model.layers[-1].layers]
    generators = [layer.seed_generator for layer in layers if hasattr(layer, "seed_generator")]
    states = np.random.SeedSequence([seed, epoch]).generate_state(len(generators))
    for generator, state in zip(generators, states, strict=True):
        generator.state.assign(np.array([state, 0], generator.state.dtype))


class _Progress(keras.callbacks.Callback):
    """A bar over the whole run on a terminal; elsewhere a line an epoch."""

    def __init__(self, args, epochs_done: int, items: int, launch: int):
        super().__init__()
        self.launch = launch  # steps between two calls
        self.epochs, self.steps = args.num_epoch, -(-items // args.batch_size)
        self.bar = tqdm(
            total=self.epochs * self.steps,
            initial=epochs_done * self.steps,
            disable=not sys.stderr.isatty(),
            bar_format="{percentage:3.0f}% |{bar:20}| {remaining} left{postfix}",
        )
        self.row = {}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.bar.close()

    def on_train_batch_end(self, batch, logs=None):
        left = self.steps - self.bar.n % self.steps
        if self.bar.update(
            min(self.launch, left)
        ):  # only when it is time to draw: reading acc waits for the device
            epoch = 1 + (self.bar.n - 1) // self.steps
            shown = {"epoch": f"{epoch}/{self.epochs}", "acc": f"{float(logs['acc']):.3f}"}
            self.bar.set_postfix(shown | self.row, refresh=False)

    def report(self, row: dict) -> None:
        self.row = {"val_acc": f"{row['val_acc']:.3f}"}
        numbers = "  ".join(
            f"{key} {row[key]:.4f}" for key in ("acc", "loss", "val_acc", "val_loss")
        )
        line = f"epoch {row['epoch']}/{self.epochs}  {numbers}  {row['seconds']:.1f} s"
        if self.bar.disable:
            print(line, flush=True)


def finish(model, labels, parts: dict, history: list[dict], setting: dict, folder: Path) -> dict:
    """Judge the best weights, and write model.keras, confusion.csv and, last of all, result.json.

    The confusion matrix is that of the test split where there is one, and else of the validation
    items. Returns what result.json says.
    """
    network = model.layers[-1]
    prediction.load_weights(network, folder / "best.weights.h5")
    judged = parts.get("test", parts["val"])
    predicted = model.predict(judged, EVALUATION_BATCH, verbose=0).argmax(axis=1)
    with replacing(folder / "model.keras") as temporary:
        network.save(temporary)
    classes = setting["data"]["classes"]
    runs.write_confusion(folder, classes, confusion(labels[judged], predicted, len(classes)))
    seconds = sum(row["seconds"] for row in history)
    sizes = {k: setting["data"].get(k) for k in ("raw_bytes", "file_bytes", "scan_bytes", "items")}
    result = {
        **{key: setting[key] for key in ("domain", "model", "rate")},
        "source": setting["data"].get("source"),
        "seed": setting["flags"]["seed"],
        "parameters": network.count_params(),
        "epochs": len(history),
        "train_items": len(parts["train"]),
        "val_items": len(parts["val"]),
        "validated_on": "held-out training items" if "test" in parts else "test split",
        **runs.statistics([row["val_acc"] for row in history]),
        "test_acc": float((predicted == labels[judged]).mean()) if "test" in parts else None,
        "data": sizes,
        "seconds": round(seconds, 3),
        "items_per_second": round(len(parts["train"]) * len(history) / seconds, 1),
        "device": device(),
        "precision": setting["flags"]["precision"],
    }
    write_json(folder / "result.json", result)
    return result


def conclude(result: dict, folder: Path) -> None:
    """Say in two lines how the run ended, and where it is."""
    test = f", test accuracy {result['test_acc']:.4f}" if result["test_acc"] is not None else ""
    print(
        f"{result['model']} at {result['rate']}: best validation accuracy "
        f"{result['best_val_acc']:.4f} in epoch {result['best_epoch']}{test}, "
        f"{result['seconds']:.0f} s"
    )
    print(folder.resolve())


def confusion(truth: np.ndarray, predicted: np.ndarray, classes: int) -> np.ndarray:
    """Counts, a row a true class and a column a predicted one."""
    counts = np.zeros((classes, classes), int)
    np.add.at(counts, (truth, predicted), 1)
    return counts


def device() -> str:
    """The GPU's name, or the processor's where the backend sees none."""
    return gpu() or runs.processor()


def gpu() -> str | None:
    """The name of the GPU that the backend computes on, if it does."""
    if keras.backend.backend() == "jax":
        import jax

        first = jax.devices()[0]
        return first.device_kind if first.platform != "cpu" else None
    import tensorflow as tf

    found = tf.config.list_physical_devices("GPU")
    if not found:
        return None
    return tf.config.experimental.get_device_details(found[0]).get("device_name", "GPU")
