"""Work on many items in as many processes as there are cores."""

import contextlib
import gc
import os
import signal
import threading
from collections import deque
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import parent_process

from tqdm import tqdm

from helmholtz import machine

_alone = False


def in_parallel(function, items, chunk: int, title: str, *arguments) -> Iterator:
    """The results of function(chunk of items, *arguments) for every chunk, in order.

    Runs in as many processes as there are cores, a bounded number of chunks ahead of the reader.
    On a terminal a progress bar with this title counts the items.
    """
    with tqdm(total=len(items), desc=title, disable=None) as bar:  # None: on a terminal only
        for result in _results(function, items, chunk, arguments):
            yield result
            bar.update(min(chunk, len(items) - bar.n))


@contextlib.contextmanager
def alone() -> Iterator[None]:
    """Work in this process alone, where others give it one core of many."""
    global _alone
    _alone = True
    try:
        yield
    finally:
        _alone = False


def _results(function, items, chunk: int, arguments: tuple) -> Iterator:
    if _alone:
        for start in range(0, len(items), chunk):
            yield function(items[start : start + chunk], *arguments)
        return
    with ProcessPoolExecutor(machine.cores(), initializer=_start_worker) as pool:
        waiting = deque()
        try:
            for start in range(0, len(items), chunk):
                waiting.append(pool.submit(function, items[start : start + chunk], *arguments))
                if len(waiting) > 2 * machine.cores():
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        except BrokenProcessPool:
            raise MemoryError from None  # a worker was killed, usually for its memory
        finally:  # waits for its thread, whose locks a pool that is forked later would inherit held
            pool.shutdown(cancel_futures=True)


def _start_worker() -> None:
    """Leave Ctrl-C to the parent process, and end with it.

    What the parent has left to the garbage collector stays: TensorFlow's cannot be freed in a fork.
    """
    gc.freeze()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    threading.Thread(target=lambda: (parent_process().join(), os._exit(1)), daemon=True).start()
