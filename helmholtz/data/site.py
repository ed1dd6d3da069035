"""What a node of a cluster must have to do tasks of this machine, and how it does one."""

import contextlib
import os
import socket
from pathlib import Path
from typing import NamedTuple

from helmholtz import domain, parallel
from helmholtz.data import tasks
from helmholtz.data.tasks import Problems, Task
from helmholtz.errors import MachineError
from helmholtz.io.files import LOCK
from helmholtz.text import shown


class Site(NamedTuple):
    """What a node must have to do the work of this machine.

    half, codec: their names. version: of the codec. source: the --source; its path is relative to
    the folder `current`, and holdings is what it holds, where it is a path.
    """

    half: str
    codec: str
    version: str
    source: str
    holdings: list[str] | None
    current: str

    @classmethod
    def here(cls, half: str, codec, source: str) -> "Site":
        """This machine."""
        return cls(half, codec.name, codec.version(), source, _holdings(source), os.getcwd())

    def check(self) -> None:
        """Raise MachineError unless this node is like the machine that the work comes from."""
        with contextlib.suppress(OSError):  # an absolute path needs no current folder
            os.chdir(self.current)
        codec = domain.get(self.half).codecs[self.codec]
        codec.available()
        if (found := codec.version()) != self.version:
            raise MachineError(f"its codec is {found}, not {self.version}: install that one")
        if self.holdings is not None and _holdings(self.source) != self.holdings:
            raise MachineError(
                f"it does not see the source {shown(self.source)}: mount that folder there"
            )


def on_node(task: Task, site: Site, marks: dict[Path, str]) -> Problems:
    """On a node: do a task, after a look at whether the node can."""
    try:
        site.check()
        for folder in task.folders.values():
            if mark(folder) != marks[folder]:
                raise MachineError(f"it does not see the folder {shown(folder)}: mount that there")
    except MachineError as error:
        text = f"The node {socket.gethostname()} cannot prepare: {error}"
        raise MachineError(text.rstrip(".") + ".") from None
    with parallel.alone():
        return tasks.make(task, wait=True)


def mark(folder: Path) -> str | None:
    """What the machine that the work comes from has written into its lock on a folder."""
    with contextlib.suppress(OSError):
        return (folder / LOCK).read_text(encoding="utf-8")


def _holdings(source: str) -> list[str] | None:
    """What a folder holds, or the size of a file; None when there is no such path."""
    with contextlib.suppress(OSError):
        status = os.stat(source)
        return sorted(os.listdir(source)) if os.path.isdir(source) else [str(status.st_size)]
    return None
