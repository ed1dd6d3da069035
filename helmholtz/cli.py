"""The command line: sentences and exit codes instead of tracebacks."""

import argparse
import errno
import os
import signal
import sys
from collections.abc import Callable
from functools import partial

from helmholtz import domain, output
from helmholtz.errors import INTERRUPTED, MACHINE_FAILED, DataError, MachineError, UsageError
from helmholtz.io.datadir import READ_ONLY

RESUMABLE = (
    "the same command with --resume, and without --overwrite, continues after the last epoch"
)


def run(main: Callable[[], None], interrupted: str = "the same command starts again") -> None:
    """Call main; turn what stops it into one sentence on standard error and an exit code.

    The codes are those of helmholtz.errors. interrupted: how to continue after Ctrl-C or SIGTERM;
    a second one ends the process at once. Output that nobody reads is dropped.
    """
    for each in (signal.SIGINT, signal.SIGTERM):
        if signal.getsignal(each) is not signal.SIG_IGN:  # as nohup sets it
            signal.signal(each, _interrupt)
    output.protect()
    try:
        main()
        print(end="", flush=True)  # so that a full disk is reported below
    except (UsageError, DataError, MachineError) as error:
        _leave(error.exit_code, str(error))
    except ModuleNotFoundError as error:
        said = f"{error.name} is not installed for this python: run `sh scripts/setup.sh`, then "
        _leave(MACHINE_FAILED, f"{said}use .venv/bin/python.")
    except (MemoryError, OSError) as error:
        _leave(MACHINE_FAILED, _machine_sentence(error))
    except Exception as error:  # the backends' types, which would have to be imported
        if "ResourceExhausted" in type(error).__name__ or "RESOURCE_EXHAUSTED" in str(error):
            _leave(MACHINE_FAILED, _machine_sentence(MemoryError()))
        if signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:  # an interruption, by way of C code
            _leave(INTERRUPTED, f"Interrupted; {interrupted}.")
        raise
    except KeyboardInterrupt:
        _leave(INTERRUPTED, f"Interrupted; {interrupted}.")


def _interrupt(signum, frame):
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, signal.SIG_DFL)
    raise KeyboardInterrupt


def _leave(code: int, sentence: str):
    print(sentence, file=sys.stderr)
    sys.exit(code)


def _machine_sentence(error: Exception) -> str:
    if isinstance(error, MemoryError):
        return "Out of memory: use --limit, a smaller --batch_size, or a larger machine."
    reason = str(error)
    if error.errno and "\n" in reason:  # HDF5 adds its internal state
        reason = os.strerror(error.errno)
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return f"The disk is full or limited: free some space and start again ({reason})."
    if error.errno in READ_ONLY:
        reason += ": give another folder, with --log_dir, --data_dir or --out"
    return f"The machine refused: {reason}."


def program(command, half, description: str) -> tuple[Callable, Callable]:
    """parse_args(argv=None) and main(argv=None) of a command of a half.

    command: a module with parse_args(half, description, argv) and main(half, args).
    """
    parse_args = partial(command.parse_args, half, description.split("\n\n")[0])
    return parse_args, lambda argv=None: command.main(half, parse_args(argv))


def halves_parser(prog: str, description: str, add_flags: Callable) -> "Parser":
    """A parser whose first word names a half; add_flags(parser, domain) adds the flags of one."""
    parser = Parser(
        prog=f"python -m {prog}",
        description=description,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    halves = parser.add_subparsers(dest="domain", required=True, metavar="|".join(domain.NAMES))
    for half in map(domain.get, domain.NAMES):
        text = f"-h lists its flags: --{half.flag} ..."
        add_flags(halves.add_parser(half.name, help=text, allow_abbrev=False), half)
    return parser


class Parser(argparse.ArgumentParser):
    """A parser that reports wrong flags in one sentence, without the usage."""

    def error(self, message: str):
        raise UsageError(f"{message}; `{self.prog} -h` lists the flags.")
