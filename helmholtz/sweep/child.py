"""Run one of the project's programs as a child that does not outlive who started it.

python -m helmholtz.sweep.child cifar.train --quality 5

Standard input is a pipe that the parent keeps open and writes nothing to. It ends when the parent
ends, however that happens, `kill -9` included, on every system that has pipes; then so does the
child.
"""

import os
import runpy
import signal
import subprocess
import sys
import threading


def spawn(module: str, flags: list[str], environment: dict | None = None, log=None):
    """Start a program of the project as a child; its output goes to log, an open file, if given.

    The child is not in the group of processes that a terminal's Ctrl-C reaches: whoever started
    it decides when it stops.
    """
    return subprocess.Popen(
        [sys.executable, "-m", "helmholtz.sweep.child", module, *flags],
        stdin=subprocess.PIPE,
        stdout=log,
        stderr=log,
        env=os.environ | (environment or {}),
        start_new_session=True,
    )


def main() -> None:
    threading.Thread(target=_end_with_parent, daemon=True).start()
    module = sys.argv.pop(1)
    runpy.run_module(module, run_name="__main__", alter_sys=True)


def _end_with_parent() -> None:
    while os.read(0, 1024):
        pass
    os.kill(os.getpid(), signal.SIGKILL)  # what was published is whole; nobody waits for more


if __name__ == "__main__":
    main()
