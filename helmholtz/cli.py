"""The command line: flags that both twins share, and sentences in place of tracebacks."""

import argparse
import errno
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from helmholtz import output
from helmholtz.argtypes import number, whole_number
from helmholtz.errors import INTERRUPTED, MACHINE_FAILED, DataError, MachineError, UsageError
from helmholtz.training import trackers

RESUMABLE = (
    "the same command with --resume, and without --overwrite, goes on after the last finished epoch"
)
BACKENDS = ("tensorflow", "jax")
PRECISIONS = ("float32", "bfloat16")
LOGS = Path(__file__).parents[1] / "logs"


def run(main: Callable[[], None], interrupted: str = "the same command starts again") -> None:
    """Call main and turn what stops it into one sentence on standard error and an exit code.

    The codes are those of helmholtz.errors. Interrupted is what Ctrl-C and SIGTERM do, of which a
    second one ends the process at once. Output that nobody reads any longer stops nothing.
    """
    for each in (signal.SIGINT, signal.SIGTERM):
        if signal.getsignal(each) is not signal.SIG_IGN:  # as nohup sets it
            signal.signal(each, _interrupt)
    output.protect()
    try:
        main()
        print(end="", flush=True)  # here, where a full disk gets its sentence
    except (UsageError, DataError, MachineError) as error:
        _leave(error.exit_code, str(error))
    except (MemoryError, OSError) as error:
        _leave(MACHINE_FAILED, _machine_sentence(error))
    except Exception as error:  # the backends' own, which cannot be named before their import
        if "ResourceExhausted" in type(error).__name__ or "RESOURCE_EXHAUSTED" in str(error):
            _leave(MACHINE_FAILED, _machine_sentence(MemoryError()))
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
    if error.errno and "\n" in reason:  # HDF5 adds what only its authors can use
        reason = os.strerror(error.errno)
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return f"The disk is full or limited: free some space and start again ({reason})."
    return f"The machine refused: {reason}."


class Parser(argparse.ArgumentParser):
    """Says what is wrong with the flags in one sentence, without the page of usage before it."""

    def error(self, message: str):
        raise UsageError(f"{message}; `{self.prog} -h` lists the flags.")


def add_model_flags(parser: argparse.ArgumentParser, models: list[str]) -> None:
    """--setting and --model, two names for the same choice."""
    names = ", ".join(f"{i} {name}" for i, name in enumerate(models))
    group = parser.add_mutually_exclusive_group()
    setting = whole_number(0, len(models) - 1)
    group.add_argument(
        "--setting", type=setting, default=0, metavar="N", help=f"network: {names} (%(default)s)"
    )
    group.add_argument("--model", choices=models, metavar="NAME", help="network by its name")


def add_rate_flag(parser: argparse.ArgumentParser, domain, **options) -> None:
    """The flag of the rate, --quality or --bitrate, and --codec; see check_rates."""
    published = domain.published
    of = f"{published.axis}, {published.rates[0]} to {published.rates[-1]}; 0 is uncompressed"
    shown = options.get("default") or domain.highest
    shown = " ".join(map(str, shown)) if isinstance(shown, list) else shown
    add = parser.add_argument
    kind = whole_number(0, max(codec.rates[-1] for codec in domain.codecs.values()))
    add(f"--{domain.flag}", type=kind, metavar="N", help=f"{of} ({shown})", **options)
    codecs = ", ".join(domain.codecs)
    add("--codec", choices=domain.codecs, default=published.name, metavar="NAME",
        help=f"{codecs} (%(default)s)")  # fmt: skip


def add_training_flags(parser: argparse.ArgumentParser, val: float) -> None:
    """The flags of a training run that are the same for images and for sound."""
    add = parser.add_argument
    add(
        "--val",
        type=number(0, 1),
        default=val,
        metavar="SHARE",
        help="share of the training split held out to choose the best epoch; "
        "0 validates on the test split (%(default)s)",
    )
    add("--limit", type=whole_number(1), metavar="N", help="use at most N items of each split")
    seed = whole_number(0, 2**32 - 1)
    add("--seed", type=seed, default=0, metavar="N", help="of weights and order (%(default)s)")
    add("--precision", choices=PRECISIONS, default=PRECISIONS[0], help="(%(default)s)")
    add("--train_dir", type=Path, help="a folder with prepared train.h5 and test.h5")
    add("--log_dir", type=Path, help="where the run is written (logs/<domain>/<source>/...)")
    for name in trackers.PACKAGES:
        add(f"--{name}", action=_Tracker, help=f"write every epoch to {name} as well")
    again = parser.add_mutually_exclusive_group()
    again.add_argument("--resume", action="store_true", help="go on with an interrupted run")
    again.add_argument("--overwrite", action="store_true", help="start a run that exists anew")


class _Tracker(argparse.Action):
    """A switch that refuses at once when its package is not installed."""

    def __init__(self, option_strings, dest, help):
        super().__init__(option_strings, dest, nargs=0, default=False, help=help)

    def __call__(self, parser, namespace, values, option_string=None):
        setattr(namespace, self.dest, True)
        if sentence := trackers.missing(namespace):
            raise UsageError(sentence)


def add_prediction_flags(parser: argparse.ArgumentParser) -> None:
    """The flags of both predict.py."""
    parser.add_argument("--log_dir", type=Path, required=True, help="the folder of a finished run")
    top = whole_number(1)
    parser.add_argument("--top", type=top, default=3, help="classes shown (%(default)s)")
    parser.add_argument("--json", action="store_true", help="a JSON object a file, all classes")


def rate_of(args: argparse.Namespace, domain):
    """The rate, or the rates, that parsed flags name."""
    return getattr(args, domain.flag)


def check_rates(args: argparse.Namespace, domain) -> None:
    """Raise UsageError unless the chosen codec has every rate that the flags name."""
    rates = rate_of(args, domain)
    for rate in rates if isinstance(rates, list) else [rates]:
        if rate is not None:
            domain.codecs[args.codec].check(rate)


def recall(parse_args: Callable, flags: dict) -> argparse.Namespace:
    """Flags that a run remembers, checked as they were when they were typed.

    Raises DataError when they cannot have been.
    """
    words = [
        f"--{name}" if value is True else f"--{name}={value}"
        for name, value in flags.items()
        if value is not None and value is not False
    ]
    try:
        return parse_args(words)
    except UsageError as error:
        raise damaged_setting(str(error)) from error


def damaged_setting(why: str) -> DataError:
    """What to raise when a run's setting.json is not what the run wrote."""
    return DataError(f"The run's setting.json is damaged: {why.rstrip('.')}. Train the run anew.")


def import_keras() -> None:
    """Import Keras and its backend without the notes that TensorFlow's C++ code prints.

    Some are graded as errors and are none. What TensorFlow found is told by training.announce.
    """
    if os.environ.get("KERAS_BACKEND", BACKENDS[0]) not in BACKENDS:
        raise UsageError(f"KERAS_BACKEND has to be one of {', '.join(BACKENDS)}.")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    kept, silent = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(silent, 2)
    try:
        import keras  # noqa: F401
    except ImportError as error:
        raise MachineError(f"{error}: install it, or choose another KERAS_BACKEND.") from None
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(silent)


def workers() -> int:
    """Processor cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
