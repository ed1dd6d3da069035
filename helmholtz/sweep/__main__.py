"""Train many runs: every rate with every network and every seed, here or on a cluster.

python -m helmholtz.sweep cifar --quality 1 5 10 --setting 0 1 --seed 0 1 2 --num_epoch 20
python -m helmholtz.sweep audio --source sample --gpus 0,2 --per_gpu 2
python -m helmholtz.sweep cifar --engine ray --address 10.0.0.1:6379

Flags that are not the sweep's own go to every train.py. The same command goes on where the last
one stopped: finished runs are skipped, interrupted ones resumed. Exit codes are those of train.py,
and 1 when runs have failed.
"""

import argparse
import shutil
import sys
from pathlib import Path

from helmholtz import cli, domain
from helmholtz.errors import RUNS_FAILED, MachineError, UsageError
from helmholtz.io import run_state, runs
from helmholtz.output import counted
from helmholtz.sweep import local_engine, plan, table
from helmholtz.sweep.child import spawn
from helmholtz.sweep.launcher import Launcher
from helmholtz.sweep.plan import Run

FIRST = ["0"]  # the network and the seed where none is given
DEFAULT = " (%(default)s)"
RUN_BYTES = 20_000_000  # on disk, of a run of middling size: weights, and two checkpoints
INTERRUPTED = (
    "the same command, without --overwrite, goes on after the last finished epoch of every run"
)


def parse_args(argv=None) -> tuple[argparse.Namespace, list[str]]:
    """The sweep's own flags, and those that it hands on to train.py."""
    parser = cli.Parser(
        prog="python -m helmholtz.sweep",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    domains = parser.add_subparsers(dest="domain", required=True, metavar="cifar|audio")
    for half in map(domain.get, domain.NAMES):
        one = domains.add_parser(
            half.name, help=f"-h lists its flags: --{half.flag} ...", allow_abbrev=False
        )
        _add_lists(one, half)
        _add_machine(one)
        _add_conduct(one)
    return parser.parse_known_args(argv)


def _add_lists(parser: argparse.ArgumentParser, half: domain.Domain) -> None:
    add, published = parser.add_argument, half.published.name
    add(f"--{half.flag}", nargs="+", metavar="N", help="rates (the codec's own grid)")
    add("--codec", nargs="+", default=[published], metavar="NAME", help=f"codecs ({published})")
    network = parser.add_mutually_exclusive_group()
    first = f"({FIRST[0]})"
    network.add_argument(
        "--setting", nargs="+", default=FIRST, metavar="N", help=f"networks {first}"
    )
    network.add_argument("--model", nargs="+", metavar="NAME", help="networks by their names")
    add("--seed", nargs="+", default=FIRST, metavar="N", help=f"seeds {first}")


def _add_machine(parser: argparse.ArgumentParser) -> None:
    add, count = parser.add_argument, cli.whole_number(1)
    place = parser.add_mutually_exclusive_group()
    place.add_argument("--gpus", metavar="0,2", help="GPUs to use (all that nvidia-smi lists)")
    place.add_argument("--jobs", type=count, metavar="N", help="N runs at a time on the processor")
    add("--per_gpu", type=count, default=1, metavar="N", help="runs at a time on a GPU" + DEFAULT)
    add("--engine", choices=["local", "ray"], default="local", help="who starts the runs" + DEFAULT)
    add("--address", help="host:port of a Ray cluster (one that runs here, or a new one)")
    add(
        "--sync",
        type=count,
        default=30,
        metavar="SECONDS",
        help="between fetches from Ray" + DEFAULT,
    )
    add(
        "--cpus", type=count, default=1, metavar="N", help="cores that a run takes on Ray" + DEFAULT
    )


def _add_conduct(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    count = cli.whole_number(0)
    add("--retries", type=count, default=1, metavar="N", help="of a run that failed" + DEFAULT)
    add("--only", type=count, metavar="N", help="just the run with this number in --dry_run")
    add("--dry_run", action="store_true", help="list the runs and what would be done")
    add("--overwrite", action="store_true", help="train every run anew")
    add(
        "--log_dir",
        type=Path,
        metavar="ROOT",
        help="in place of logs/, with the same folders in it",
    )


def main(argv=None) -> None:
    args, rest = parse_args(argv)
    _check_engine_flags(args)
    all_runs = _chosen(plan.plan(args, rest), args.only)
    slots = []
    if args.engine == "local":
        slots = local_engine.slots(args.gpus, args.per_gpu, args.jobs, len(all_runs))
    if args.dry_run:
        _check_conflicts(all_runs, table.listing(all_runs, args.overwrite))
        return
    _check_conflicts(all_runs, [plan.outlook(run, args.overwrite) for run in all_runs])
    root = args.log_dir or runs.LOGS
    to_do = [run for run in all_runs if plan.outlook(run, args.overwrite)[0] != "skip"]
    _check_disk(root, len(to_do))
    engine = _open_engine(args, slots, all_runs[0])
    _prepare(to_do)
    if args.overwrite:
        mark(to_do)

    show = table.Live(all_runs)
    try:
        Launcher(all_runs, engine, args.retries, show).conduct()
    finally:
        show.close()
    table.final(all_runs, root)
    if any(run.state == "failed" for run in all_runs):
        sys.exit(RUNS_FAILED)


def _check_engine_flags(args: argparse.Namespace) -> None:
    if args.engine == "ray" and (args.gpus or args.jobs):
        raise UsageError("Ray places the runs itself: use --cpus and --per_gpu to tell it how.")
    if args.engine != "ray" and args.address:
        raise UsageError("--address is that of a Ray cluster: add --engine ray.")


def _chosen(all_runs: list[Run], number: int | None) -> list[Run]:
    if number is None:
        return all_runs
    if number >= len(all_runs):
        raise UsageError(
            f"There is no run {number}: the last is run {len(all_runs) - 1}, see --dry_run."
        )
    return [all_runs[number]]


def _check_conflicts(all_runs: list[Run], outlooks: list[tuple[str, str]]) -> None:
    """Refuse to begin when a run is there that was made with other flags."""
    pairs = zip(all_runs, outlooks, strict=True)
    refused = [(run, why) for run, (what, why) in pairs if what == "refuse"]
    if refused:
        run, why = refused[0]
        more = f" (and {counted(len(refused) - 1, 'more run')})" if len(refused) > 1 else ""
        raise UsageError(
            f"{run.folder} was {why}{more}: give --overwrite to train anew, or another --log_dir."
        )


def _check_disk(root: Path, count: int) -> None:
    root.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(root).free
    if free < RUN_BYTES * count:
        raise MachineError(
            f"The disk of {root.resolve()} has {free / 1e9:.2f} GB free, and about "
            f"{RUN_BYTES * count / 1e9:.2f} GB is needed for {counted(count, 'run')}: make room, "
            "or give another --log_dir."
        )


def _open_engine(args: argparse.Namespace, slots: list, run: Run):
    if args.engine == "local":
        return local_engine.Local(slots)
    from helmholtz.sweep import ray_engine

    ray_engine.check_paths(run)
    return ray_engine.Cluster(args.address, args.cpus, args.per_gpu, args.sync)


def _prepare(to_do: list[Run]) -> None:
    """Make the data of all runs once, in a pass over the source for every codec."""
    by_codec = {}
    for run in to_do:
        if run.args.train_dir is None:
            by_codec.setdefault(run.codec.name, []).append(run)
    for runs_of_one in by_codec.values():
        _run_prepare(runs_of_one)


def _run_prepare(all_runs: list[Run]) -> None:
    """Run prepare.py for the rates of some runs of one codec; ends as it ends."""
    half, rates = all_runs[0].domain, sorted({run.rate for run in all_runs})
    flags = [f"--{half.flag}", *map(str, rates), *plan.source_flags(all_runs[0])]
    process = spawn(f"{half.name}.prepare", flags)
    try:
        code = process.wait()
    finally:
        process.kill()  # which does nothing when it has ended
    if code < 0:
        raise MachineError(
            f"Preparing the data was killed by signal {-code}: as a rule the machine ran out of "
            "memory."
        )
    if code:
        sys.exit(code)


def mark(to_do: list[Run]) -> None:
    """Mark these runs as to be replaced, so that the sweep can go on like any other; each old run
    stays until the new one has an epoch. Those that another launcher has are left alone."""
    for run in to_do:
        claimed = run_state.take(run.folder)
        if claimed is not None:
            run_state.mark(run.folder)
            claimed.release()


if __name__ == "__main__":
    cli.run(main, INTERRUPTED)
