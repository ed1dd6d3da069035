"""The flags that the commands of both halves share."""

import argparse
import importlib.util
from pathlib import Path

from helmholtz import own_network
from helmholtz.argtypes import number, whole_number
from helmholtz.data.kinds import AUTO, BYTES, KINDS
from helmholtz.errors import UsageError

PRECISIONS = ("float32", "bfloat16")
CPUS, SYNC = 1, 30  # cores of a run on Ray, and seconds between two fetches of what it wrote
FEEDS = ("auto", "device", "disk")
TRACKERS = {"tensorboard": "tensorboardX", "wandb": "wandb"}  # and the package that each needs
INSTALL = {"tensorboard": "pip install tensorboardX tensorboard", "wandb": "pip install wandb"}


def add_model_flags(parser: argparse.ArgumentParser, models: list[str]) -> None:
    """--setting and --model, two names for the same choice."""
    names = ", ".join(f"{i} {name}" for i, name in enumerate(models))
    text, index = f"network: {names} (%(default)s)", whole_number(0, len(models) - 1)
    add = parser.add_mutually_exclusive_group().add_argument
    add("--setting", type=index, default=0, metavar="N", help=text)
    text = f"network by its name, or your own: {own_network.FORMS}"
    add("--model", metavar="NAME", help=text)
    add, text = parser.add_argument, """arguments of your own network, such as '{"width": 64}'"""
    add("--model_args", type=own_network.json_object, metavar="JSON", help=text)
    add("-w", "--weights", type=Path, metavar="FILE", help="start from these (.weights.h5)")
    add("--freeze", action="store_true", help="train the last layer of keras:NAME alone")


def add_own_model_flag(parser: argparse.ArgumentParser) -> None:
    """--model of the commands that use a finished run, whose code they do not take from it."""
    text = "the run's own network, where it is code: FILE.py:FUNCTION or package.module:FUNCTION"
    parser.add_argument("--model", metavar="NAME", help=text)


def add_rate_flags(parser: argparse.ArgumentParser, domain, many: bool = False) -> None:
    """--quality or --bitrate, and --codec: one of each, see settle; or many, see chosen."""
    published, names = domain.published, ", ".join(domain.codecs)
    default = "every codec's grid" if many else domain.default_rate
    text = f"{published.axis}, {published.rates[0]} to {published.rates[-1]}, or the rate of "
    text += f"another codec; 0 is uncompressed ({default})"
    kind = whole_number(0, max(codec.rates[-1] for codec in domain.codecs.values()))
    add, options = parser.add_argument, {"nargs": "+"} if many else {}
    add(f"--{domain.flag}", type=kind, metavar="N", help=text, **options)
    options |= {"default": [published.name] if many else published.name, "metavar": "NAME"}
    text = f"codecs: {names} ({published.name})" if many else f"codec: {names} (%(default)s)"
    add("--codec", choices=domain.codecs, help=text, **options)


def passed_on(domain) -> str:
    """What -h says, below its own flags, of those that a command gives to every training."""
    return (
        "Flags of train.py are taken too, first of all --source FOLDER: "
        f"`python {domain.name}/train.py -h` lists them."
    )


def add_machine_flags(parser: argparse.ArgumentParser) -> None:
    """The flags that say where runs train."""
    add, count = parser.add_argument, whole_number(1)
    place = parser.add_mutually_exclusive_group()
    place.add_argument("--gpus", metavar="0,2", help="GPUs to use (all that nvidia-smi lists)")
    place.add_argument("--jobs", type=count, metavar="N", help="N runs at a time on the processor")
    text = "runs at a time on a GPU (%(default)s)"
    add("--per_gpu", type=count, default=1, metavar="N", help=text)
    add_engine_flags(parser, "who starts the runs")
    text = f"time between fetches from Ray ({SYNC})"
    add("--sync", type=count, metavar="SECONDS", help=text)
    add("--cpus", type=count, metavar="N", help=f"cores of a run on Ray ({CPUS})")


def add_engine_flags(parser: argparse.ArgumentParser, text: str) -> None:
    """--engine and --address; text: what an engine does."""
    add = parser.add_argument
    add("--engine", choices=["local", "ray"], default="local", help=f"{text} (%(default)s)")
    add("--address", help="host:port of a Ray cluster (one that runs here, or a new one)")


def check_engine(args: argparse.Namespace) -> None:
    """Raise UsageError for an address without its engine."""
    if args.engine != "ray" and args.address:
        raise UsageError("--address is that of a Ray cluster: add --engine ray.")


def add_training_flags(parser: argparse.ArgumentParser, val: float) -> None:
    """The flags of a training run that are the same for images and for sound."""
    add = parser.add_argument
    text = "share of the training split held out to choose the best epoch; "
    text += f"0 validates on the test split ({val})"
    add("--val", type=number(0, 1), metavar="SHARE", help=text)
    add("--limit", type=whole_number(1), metavar="N", help="use at most N items of each split")
    seed = whole_number(0, 2**32 - 1)
    add("--seed", type=seed, default=0, metavar="N", help="seed of weights and order (%(default)s)")
    add("--precision", choices=PRECISIONS, help=f"precision of training ({PRECISIONS[0]})")
    add_feed_flag(parser)
    add("--train_dir", type=Path, help="a folder with prepared train.h5 and test.h5")
    add("--log_dir", type=Path, help="where the run is written (logs/<domain>/<source>/...)")
    for name in TRACKERS:
        add(f"--{name}", action="store_true", help=f"write every epoch to {name} as well")
    again = parser.add_mutually_exclusive_group()
    again.add_argument("--resume", action="store_true", help="continue an interrupted run")
    again.add_argument("--overwrite", action="store_true", help="train an existing run anew")


def add_feed_flag(parser: argparse.ArgumentParser) -> None:
    """--feed, of the commands that run through whole data sets."""
    text = "where items are while they are used: in the device's memory, or on disk; auto takes "
    text += "the disk when memory is short (%(default)s)"
    parser.add_argument("--feed", choices=FEEDS, default=FEEDS[0], help=text)


def add_store_flag(parser: argparse.ArgumentParser) -> None:
    """--store, of the commands that prepare data."""
    text = "what prepared images are stored as: pixels, or bytes, their compressed files, which "
    text += "are decoded when they are read; auto takes bytes when disk is short (%(default)s)"
    parser.add_argument("--store", choices=KINDS, default=AUTO, help=text)


def check_store(args: argparse.Namespace, codecs: list) -> None:
    """Raise UsageError for --store bytes where no decoder gives what is trained on."""
    if args.store == BYTES and getattr(args, "full_size", False):
        raise UsageError(
            "--store bytes is not for --full_size, whose images are made smaller once they are "
            "decoded: leave it out."
        )
    if args.store == BYTES and (lacking := [codec for codec in codecs if not codec.keeps]):
        raise UsageError(
            f"--store bytes is not for {lacking[0].title}, whose files are not decoded while a "
            "network is trained: leave it out."
        )


def rate_of(args: argparse.Namespace, domain):
    """The rate, or the rates, that parsed flags name."""
    return getattr(args, domain.flag)


def settle(args: argparse.Namespace, domain) -> None:
    """Complete the flags of one codec and rate.

    Raises UsageError where they do not go together, and when the package of a tracker is missing.
    """
    for name, package in TRACKERS.items():
        if getattr(args, name) and importlib.util.find_spec(package) is None:
            raise UsageError(f"--{name} needs {package}: {INSTALL[name]}")
    codec, published = domain.codecs[args.codec], domain.published
    if rate_of(args, domain) is None and args.train_dir is None:
        setattr(args, domain.flag, domain.default_rate if codec is published else codec.grid[-1])
    codec.check(rate_of(args, domain) or 0)
    if rate_of(args, domain) == 0:
        args.codec = published.name  # so that all codecs share what is not compressed


def chosen(args: argparse.Namespace, domain, facts: dict | None = None) -> list[tuple]:
    """Every (codec, rate) that the flags name, in their order.

    A codec without rates has those of its grid that data of these facts can have. Rate 0 is there
    once, with the published codec. Raises UsageError for a rate that one of the codecs lacks,
    and where data of these facts can have none of a grid.
    """
    found = {}
    for codec in (domain.codecs[name] for name in args.codec):
        rates = rate_of(args, domain) or codec.fitting(codec.grid, facts or {})
        if not rates:
            codec.check_data(codec.grid, facts, domain.flag)
        for rate in rates:
            codec.check(rate)
            found[codec if rate else domain.published, rate] = None
    return list(found)
