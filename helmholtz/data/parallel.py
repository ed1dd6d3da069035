"""Work on many items in as many processes as there are cores."""

import os
import signal
import sys
import threading
from collections import deque
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import parent_process

from tqdm import tqdm

from helmholtz.cli import workers


def in_parallel(function, items, chunk: int, *arguments) -> Iterator:
    """What function(chunk of items, *arguments) gives for every chunk, in order.

    Runs in as many processes as there are cores, a bounded number of chunks ahead of the reader.
    """
    with ProcessPoolExecutor(workers(), initializer=_start_worker) as pool:
        waiting = deque()
        try:
            for start in range(0, len(items), chunk):
                waiting.append(pool.submit(function, items[start : start + chunk], *arguments))
                if len(waiting) > 2 * workers():
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        except BrokenProcessPool:
            raise MemoryError from None  # a worker was killed, as a rule for its memory
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _start_worker() -> None:
    """Leave Ctrl-C to the parent, and do not outlive it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    threading.Thread(target=lambda: (parent_process().join(), os._exit(1)), daemon=True).start()


def progress(total: int, what: str) -> tqdm:
    """A progress bar on a terminal; nothing elsewhere."""
    return tqdm(total=total, desc=what, disable=not sys.stderr.isatty())
