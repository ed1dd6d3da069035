"""Run one of the project's programs as a child process that ends with its parent.

python -m helmholtz.sweep.child cifar.train --quality 5

Standard input is a pipe to which the parent writes nothing. It is closed when the parent ends,
even by `kill -9`; then the child ends too.
"""

import os
import runpy
import signal
import subprocess
import sys
import threading


def spawn(module: str, flags: list[str], environment: dict | None = None, log=None):
    """Start a program of the project as a child; log: an open file for its output.

    The child has its own session, which Ctrl-C in a terminal does not reach: its parent
    decides when it stops.
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
    runpy.run_module(sys.argv.pop(1), run_name="__main__", alter_sys=True)


def _end_with_parent() -> None:
    while os.read(0, 1024):
        pass
    os.kill(os.getpid(), signal.SIGKILL)  # nobody waits, and published files are complete


if __name__ == "__main__":
    main()
