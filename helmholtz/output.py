"""What a command prints: streams that outlast their reader, and counted nouns."""

import io
import os
import sys


class _Stream:
    """A standard stream that drops what comes after its reader has gone, as `| head -1` goes."""

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
    """Let nothing that is printed end this process: a pipe closed by its reader is written to
    no more, and characters that the locale lacks are printed as their escapes."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if isinstance(stream, io.TextIOWrapper):  # not None, nor a notebook's
            stream.reconfigure(errors="backslashreplace")
            setattr(sys, name, _Stream(stream))


def counted(count: int, noun: str) -> str:
    """A number with its noun, as "1 epoch" and "2,000 epochs"."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"
