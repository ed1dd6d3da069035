"""The training loop: epochs, history, best weights, checkpoints, resume."""

import time
from pathlib import Path

import numpy as np
from keras import ops

from helmholtz.errors import DataError
from helmholtz.io import run_state, runs
from helmholtz.io.files import replacing, require_space, write_json
from helmholtz.schema import BEST, LAST
from helmholtz.training import checkpoints, trackers
from helmholtz.training.device import gpu
from helmholtz.training.model import seed_layers
from helmholtz.training.progress import Progress, announce


def fit(model, labels, parts: dict, setting: dict, folder: Path, args, network=None) -> list[dict]:
    """Train until args.num_epoch, with args.resume from the newest checkpoint. Gives the history.

    network: whose weights are kept, where the model trains only the head of it.
    Writes history.csv, best.weights.h5 and a checkpoint after every epoch. Order, augmentation
    and dropout of an epoch depend on (args.seed, epoch) alone. best.weights.h5 are those of the
    epoch that counts. An old run in the folder stays until the first epoch is done. Raises
    DataError when the loss is NaN or infinite.
    """
    announce(model, parts, folder)
    on_gpu = gpu() is not None
    model.prepare_launches(args.batch_size, on_gpu)
    network = network or model.layers[-1]
    model.optimizer.build(model.trainable_variables)
    variables = [*model.layers[-1].variables, *model.optimizer.variables]
    epoch_bytes = 2 * sum(variable.numpy().nbytes for variable in variables)  # a checkpoint, a best
    history = checkpoints.restore(folder, variables) if args.resume else []
    counted = setting.get("counted_epoch", BEST)
    if history and _to_keep(history[-1], history[:-1], counted, args.num_epoch):
        _keep(network, folder)  # it may have been killed before that
    with (
        checkpoints.Writer(folder, on_gpu) as checkpoint,
        trackers.following(args, folder, history) as follow,
        Progress(args, len(history), len(parts["train"]), model.launch) as progress,
    ):
        for epoch in range(len(history) + 1, args.num_epoch + 1):
            row = _one_epoch(model, labels, parts, epoch, args, progress)
            kept = _to_keep(row, history, counted, args.num_epoch)
            _record(folder, setting, history, row)
            progress.report(row)
            follow(row)
            _require_finite(row, folder)
            require_space(folder, epoch_bytes)
            if kept and not on_gpu:
                _keep(network, folder)
            checkpoint.save(history, variables)
            if kept and on_gpu:  # which does not train an epoch twice alike: the checkpoint first
                checkpoint.finish()
                _keep(network, folder)
    return history


def _keep(network, folder: Path) -> None:
    """Keep the weights as those of the epoch that counts."""
    with replacing(folder / "best.weights.h5") as temporary:
        network.save_weights(temporary)


def _to_keep(row: dict, history: list[dict], counted: str, epochs: int) -> bool:
    """Whether the weights of an epoch are kept: the run's last, or the best so far."""
    if counted == LAST:
        return row["epoch"] == epochs
    return row["val_acc"] > max((old["val_acc"] for old in history), default=-1.0)


def _record(folder: Path, setting: dict, history: list[dict], row: dict) -> None:
    """Add an epoch to the history, in memory and on disk; the first one replaces an old run."""
    if not history:
        if (folder / "result.json").exists():
            _require_finite(row, folder)
        run_state.replace(folder)
        write_json(folder / "setting.json", setting)
    history.append(row)
    runs.write_history(folder, history)


def _require_finite(row: dict, folder: Path) -> None:
    losses = [loss for loss in (row["loss"], row["val_loss"]) if loss is not None]
    if not np.isfinite(losses).all():
        raise DataError(
            f"The loss is NaN or infinite in epoch {row['epoch']}: lower --learning_rate and "
            f"start again with --overwrite (kept in {folder})."
        )


def _one_epoch(model, labels, parts, epoch: int, args, progress) -> dict:
    """Train and validate once; a row of the history."""
    started = time.perf_counter()
    seed_layers(model, args.seed, epoch)
    order = np.random.default_rng([args.seed, epoch]).permutation(parts["train"])
    fed = model.feed(order, labels[order], model.dispatch_size)
    trained = model.fit(**fed, verbose=0, shuffle=False, callbacks=[progress]).history
    validated = _validate(model, labels, parts["val"])
    row = {
        "acc": trained["acc"][0],
        "loss": trained["loss"][0],
        "val_acc": validated["acc"],
        "val_loss": validated["loss"],
        "lr": ops.convert_to_numpy(model.optimizer.learning_rate),
        "seconds": round(time.perf_counter() - started, 3),
    }
    # Seven digits are what a float32 holds; the same number in every file that shows it.
    known = {key: value for key, value in row.items() if value is not None}
    return {"epoch": epoch} | row | {key: float(f"{value:.7g}") for key, value in known.items()}


def _validate(model, labels, val) -> dict:
    """Accuracy and loss of the validation items; None where there are none."""
    if not len(val):
        return {"acc": None, "loss": None}
    fed = model.feed(val, labels[val], model.evaluation_batch)
    return model.evaluate(**fed, verbose=0, return_dict=True)
