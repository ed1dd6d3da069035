"""The user's own network, checked before any data are prepared, in a process of its own.

Data are prepared by forked processes, which must not hold Keras.
"""

import contextlib
import io
from argparse import Namespace
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context

from helmholtz import domain, flags, own_network
from helmholtz.data import shards
from helmholtz.data.prepare_command import folder_of
from helmholtz.errors import DataError, UsageError


def check(half: domain.Domain, args: Namespace) -> None:
    """Build an own network, and try it on the first item of the source that can be used.

    Where the data are there, training does so when it begins. Raises as own_build.for_training.
    """
    if not hasattr(args, "own") or args.train_dir:
        return
    source, codec = half.open_source(args), half.codecs[args.codec]
    folder = folder_of(half, args, source.name, codec, flags.rate_of(args, half))
    with contextlib.suppress(DataError):
        if all(path.exists() for path in shards.all_files(folder)):
            return
    try:
        with ProcessPoolExecutor(1, get_context("spawn")) as pool:
            pool.submit(_check, half.name, args).result()
    except BrokenProcessPool:
        raise UsageError(f"{args.own} crashes the process that builds it.") from None


def _check(name: str, args: Namespace) -> None:
    half = domain.get(name)
    data = _first_item(half, args)
    from helmholtz.training.backend import import_keras

    import_keras()
    from helmholtz.training import own_build

    own_build.for_training(own_network.of_flags(args), half, args, data)


def _first_item(half: domain.Domain, args: Namespace):
    """Data of one item, as it will be stored."""
    from helmholtz.data.loading import Data

    with contextlib.redirect_stderr(io.StringIO()):  # preparation will say it
        classes, parts, _ = half.open_source(args).load()
    items, rate = parts["train"][0], flags.rate_of(args, half)
    compress = half.compressor(args, half.codecs[args.codec])
    for place in range(len(items)):
        try:
            item = compress(items[place : place + 1], [rate])[rate][0].data[None]
        except DataError:
            continue
        data = Data(dict.fromkeys(shards.SPLITS, (item, [0])), classes, {})
        return half.check_data(data, args)
    raise DataError(f"No {half.item} of the source can be used.")
