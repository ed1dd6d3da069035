"""TensorBoard and Weights & Biases, for those who live there; nothing is imported unless asked.

history.csv and result.json are written in any case. Both trackers are plain Python and work with
every backend.
"""

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path


@contextlib.contextmanager
def following(args, folder: Path, history: list[dict]) -> Iterator[Callable[[dict], None]]:
    """A function to call with every epoch's row of history.csv, for the trackers in args.

    Epochs already in history are sent first, so that every tracker shows a resumed run in full.
    """
    with contextlib.ExitStack() as stack:
        writers = []
        if getattr(args, "tensorboard", False):
            writers.append(_tensorboard(folder, stack))
        if getattr(args, "wandb", False):
            writers.append(_wandb(args, folder, stack))

        def follow(row: dict) -> None:
            known = {k: v for k, v in row.items() if k != "epoch" and v is not None}
            for write in writers:
                write(known, row["epoch"])

        for row in history:
            follow(row)
        yield follow


def _tensorboard(folder: Path, stack: contextlib.ExitStack) -> Callable:
    """Write to <folder>/tensorboard; an earlier start of the same run is purged from view."""
    from tensorboardX import SummaryWriter

    writer = stack.enter_context(SummaryWriter(str(folder / "tensorboard"), purge_step=0))

    def write(values: dict, epoch: int) -> None:
        for name, value in values.items():
            writer.add_scalar(name, value, epoch)
        writer.flush()

    return write


def _wandb(args, folder: Path, stack: contextlib.ExitStack) -> Callable:
    """Log to a run named like its folder. WANDB_MODE=offline keeps it on this machine."""
    import wandb

    name = "/".join(folder.resolve().parts[-5:])
    flags = {key: str(value) for key, value in vars(args).items()}
    run = wandb.init(project="helmholtz", name=name, dir=folder, config=flags)
    stack.enter_context(run)
    return lambda values, epoch: run.log(values, step=epoch)
