"""Standard output and error that survive a closed pipe."""

import io
import os
import sys


class _Stream:
    """A standard stream that drops its output once the reader is gone, as after `| head -1`."""

    def __init__(self, stream):
        self._stream = stream

    def __getattr__(self, name: str):
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        self._attempt(self._stream.write, text)
        return len(text)

    def flush(self) -> None:
        self._attempt(self._stream.flush)

    def _attempt(self, call, *arguments) -> None:
        try:
            call(*arguments)
        except BrokenPipeError:
            null = os.open(os.devnull, os.O_WRONLY)
            os.dup2(null, self._stream.fileno())
            os.close(null)


def protect() -> None:
    """Keep printing from ending this process.

    A stream whose reader is gone drops its output, one that was closed before the start is opened
    to /dev/null, and characters that the locale lacks are printed as escapes.
    """
    while (null := os.open(os.devnull, os.O_RDWR)) <= 2:  # or a data file would get this number
        pass
    os.close(null)
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name) or open(os.devnull, "w")  # noqa: SIM115
        if isinstance(stream, io.TextIOWrapper):  # not a notebook's
            stream.reconfigure(errors="backslashreplace")
            setattr(sys, name, _Stream(stream))
