"""What a training shows: a bar over the whole run on a terminal, elsewhere a line an epoch."""

import os
import sys
from pathlib import Path

import keras
from tqdm import tqdm

from helmholtz import machine
from helmholtz.schema import CURVES
from helmholtz.text import counted
from helmholtz.training.device import device, gpu

BAR = "{percentage:3.0f}% |{bar:20}| {remaining} left{postfix}"


def announce(model, parts: dict, folder: Path) -> None:
    """Say what is about to be trained, on what, and where it goes."""
    network, items = model.layers[-1], counted(len(parts["train"]), "item")
    print(
        f"{network.name}, {network.count_params():,} parameters, {items}, "
        f"{keras.backend.backend()} on {device()}: {folder}",
        flush=True,
    )
    hidden = os.environ.get("CUDA_VISIBLE_DEVICES") in ("", "-1")
    if machine.nvidia() and gpu() is None and not hidden:
        print(
            f"This machine has a GPU, which {keras.backend.backend()} does not see: "
            "`sh scripts/setup.sh --cuda` installs TensorFlow for it.",
            file=sys.stderr,
        )


class Progress(keras.callbacks.Callback):
    """A with block over a training; pass it to fit as a callback, and report every epoch's row."""

    def __init__(self, args, epochs_done: int, items: int, launch: int):
        super().__init__()
        self.launch = launch  # steps between two calls
        self.epochs, self.steps = args.num_epoch, -(-items // args.batch_size)
        self.bar = tqdm(
            total=self.epochs * self.steps,
            initial=epochs_done * self.steps,
            disable=not sys.stderr.isatty(),
            bar_format=BAR,
        )
        self.row = {}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.bar.close()

    def on_train_batch_end(self, batch, logs=None):
        left = self.steps - self.bar.n % self.steps
        # update is true when it is time to draw; reading acc waits for the device.
        if self.bar.update(min(self.launch, left)):
            epoch = 1 + (self.bar.n - 1) // self.steps
            shown = {"epoch": f"{epoch}/{self.epochs}", "acc": f"{float(logs['acc']):.3f}"}
            self.bar.set_postfix(shown | self.row, refresh=False)

    def report(self, row: dict) -> None:
        """Show a row of the history."""
        names = [name for name in CURVES if row[name] is not None]
        self.row = {name: f"{row[name]:.3f}" for name in names if name == "val_acc"}
        numbers = "  ".join(f"{name} {row[name]:.4f}" for name in names)
        if self.bar.disable:
            epoch = f"epoch {row['epoch']}/{self.epochs}"
            print(f"{epoch}  {numbers}  {row['seconds']:.1f} s", flush=True)
