"""A sweep from its flags to its last run: checks, data, launcher."""

import argparse
import shutil
import sys
from pathlib import Path

from helmholtz import flags
from helmholtz.errors import MachineError, UsageError
from helmholtz.io import run_state, runs
from helmholtz.io.run_state import Outlook
from helmholtz.sweep import local_engine, plan, table
from helmholtz.sweep.child import spawn
from helmholtz.sweep.launcher import Launcher
from helmholtz.sweep.plan import Run
from helmholtz.text import counted
from helmholtz.training import own_check

INSTEAD = "give --overwrite to train anew, or another --log_dir"
RUN_BYTES = 20_000_000  # on disk, of a run of middle size: weights and two checkpoints


def sweep(args: argparse.Namespace, rest: list[str]) -> bool:
    """Train the runs that the flags name; return whether none of them failed.

    args: the sweep's own flags. rest: those of train.py.
    """
    check_engine_flags(args)
    all_runs = _chosen(plan.plan(args, rest), args.only)
    plan.evaluations(args, all_runs)  # refuses rates that do not exist
    slots = []
    if args.engine == "local":
        slots = local_engine.slots(args.gpus, args.per_gpu, args.jobs, len(all_runs))
    outlooks = {run: plan.outlook(run, args.overwrite) for run in all_runs}
    if args.dry_run:
        table.listing(outlooks)
    check_conflicts(outlooks)
    if args.dry_run:
        return True
    root = args.log_dir or runs.LOGS
    to_do = [run for run, outlook in outlooks.items() if outlook.what != "skip"]
    _check_disk(root, len(to_do))
    engine = open_engine(args, slots, all_runs)
    check_networks(to_do)
    prepare(to_do)
    if args.overwrite:
        mark(to_do)
    show = table.Live(all_runs)
    try:
        Launcher(all_runs, engine, args.retries, show).conduct()
    finally:
        show.close()
    table.final(all_runs, root)
    for words in plan.evaluations(args, [run for run in all_runs if run.state == "done"]):
        run_program(f"{args.domain}.evaluate", words)
    return all(run.state != "failed" for run in all_runs)


def check_networks(all_runs: list[Run]) -> None:
    """Build every own network once, before anything is prepared; UsageError for a wrong one."""
    for run in {run.args.model: run for run in reversed(all_runs)}.values():
        own_check.check(run.domain, run.args)


def check_engine_flags(args: argparse.Namespace) -> None:
    if args.engine == "ray" and (args.gpus or args.jobs):
        raise UsageError("Ray places the runs itself: give --cpus and --per_gpu instead.")
    if args.engine != "ray" and (args.cpus or args.sync):
        raise UsageError("--cpus and --sync are for Ray: add --engine ray.")
    flags.check_engine(args)


def _chosen(all_runs: list[Run], number: int | None) -> list[Run]:
    if number is None:
        return all_runs
    if number >= len(all_runs):
        raise UsageError(
            f"There is no run {number}: the last is run {len(all_runs) - 1}, see --dry_run."
        )
    return [all_runs[number]]


def check_conflicts(outlooks: dict[Run, Outlook], instead: str = INSTEAD) -> None:
    """Raise UsageError when a run exists that was made with other flags; instead: what to do."""
    refused = [(run, why) for run, (what, why) in outlooks.items() if what == "refuse"]
    if refused:
        run, why = refused[0]
        more = f" (and {counted(len(refused) - 1, 'more run')})" if len(refused) > 1 else ""
        raise UsageError(f"{run.folder} was {why}{more}: {instead}.")


def _check_disk(root: Path, count: int) -> None:
    root.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(root).free
    if free < RUN_BYTES * count:
        raise MachineError(
            f"The disk of {root.resolve()} has {free / 1e9:.2f} GB free, and about "
            f"{RUN_BYTES * count / 1e9:.2f} GB is needed for {counted(count, 'run')}: make room, "
            "or give another --log_dir."
        )


def open_engine(args: argparse.Namespace, slots: list, all_runs: list[Run]):
    if args.engine == "local":
        return local_engine.Local(slots)
    from helmholtz.sweep import ray_engine

    for run in all_runs:
        ray_engine.check_paths(run)
    cpus, sync = args.cpus or flags.CPUS, args.sync or flags.SYNC
    return ray_engine.Cluster(args.address, cpus, args.per_gpu, sync)


def prepare(to_do: list[Run], log=None) -> None:
    """Make the data of all runs, in one pass over the source for every codec.

    log: a file for what is printed.
    """
    own = [run for run in to_do if run.args.train_dir is None]
    codecs = dict.fromkeys(run.codec for run in own)
    for codec in codecs:
        codec.available()
    for codec in codecs:
        _prepare_codec([run for run in own if run.codec is codec], log)


def _prepare_codec(all_runs: list[Run], log) -> None:
    """Run prepare.py for the rates of runs of one codec."""
    half, rates = all_runs[0].domain, sorted({run.rate for run in all_runs})
    flags = [f"--{half.flag}", *map(str, rates), *plan.source_flags(all_runs[0])]
    run_program(f"{half.name}.prepare", flags, log)


def run_program(module: str, flags: list[str], log=None) -> None:
    """Run a program of the project and wait for it; exit with its code when it fails.

    log: a file for what it prints.
    """
    process = spawn(module, flags, log=log)
    try:
        code = process.wait()
    finally:
        process.kill()  # no effect when it has ended
    if code < 0:
        raise MachineError(
            f"{module} was killed by signal {-code}: usually the machine ran out of memory."
        )
    if code:
        sys.exit(code)


def mark(to_do: list[Run]) -> None:
    """Mark runs as to be replaced, but not those that another launcher has.

    Each old run stays until the new one has an epoch. The sweep can be resumed as any other.
    """
    for run in to_do:
        claimed = run_state.take(run.folder)
        if claimed is not None:
            run_state.mark(run.folder)
            claimed.release()
