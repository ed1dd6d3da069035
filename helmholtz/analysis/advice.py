"""What an experiment lacks, and the command that adds it."""

import re
import shlex

from helmholtz.analysis import domains
from helmholtz.analysis.experiments import Experiment
from helmholtz.analysis.measure import ALONE, PROBABLY, UNSURE, guessing_bound
from helmholtz.analysis.summary import PROGRAM, STARRED, judged_once, starred
from helmholtz.analysis.wording import plural

SEEDS = 3  # from which an interval says something
EPOCHS = 200  # of the published networks
# Flags that are not part of what a run is, or that a command states by itself.
LEFT_OUT = {"setting", "model", "own", "codec", "seed", "resume", "feed", "tensorboard", "wandb"}
LEFT_OUT |= {"train_dir", "log_dir", "store"}
PLACE = r"[^/]+_\d+/seed_\d+/?$"  # the end of a --log_dir that is named as usual


def missing(measured: dict, experiment: Experiment) -> list[dict]:
    """What would make the answer better, each with the command that adds it."""
    base, runs = experiment.base, experiment.runs[experiment.base["rate"]]
    if base["accuracy_is"] == PROGRAM:
        return []
    if runs[0]["flags"].get("learning_rate") == 0:
        what = "training without --learning_rate: at 0 nothing is learned"
        return [{"what": what, "command": _again(experiment, learning_rate=None)}]
    if measured["learned"] is False:
        what = "longer training, at this rate and at the others, until the network has learned"
        line = _again(experiment, longer=True)
        if guessing_bound(base) > (1 + base["chance"]) / 2:  # more than a good network may reach
            what = f"more validation items than {base['val_items']}"
            line = _again(experiment, limit=None) if runs[0]["flags"].get("limit") else None
        return [{"what": what, "command": line}]
    found = []
    if starred(base):
        what = f"longer training than {plural(base['epochs'], 'epoch')}, {STARRED} or more"
        found.append({"what": what, "command": _again(experiment, longer=True)})
    return found + _other_rate(experiment) + _more_seeds(measured, experiment)


def _other_rate(experiment: Experiment) -> list[dict]:
    """An uncompressed run, or where that is the only one, another one."""
    base, grid, rates = experiment.base, domains.codec(experiment.key).grid, [0]
    what = f"an uncompressed run, for which {domains.rate_name(base)} stands in"
    if base["rate"] == 0:
        what, rates = "another rate to compare with", list(grid[len(grid) // 2 :][:1])
    if base["rate"] == 0 and len(experiment.rows) > 1:
        return []
    return [{"what": what, "command": command(experiment, rates, range(SEEDS))}]


def _again(experiment: Experiment, longer: bool = False, **changed) -> str | None:
    """The command that replaces the runs of the baseline by runs with other flags."""
    base = experiment.base
    seeds = [run["seed"] for run in experiment.runs[base["rate"]]]
    least = 0 if judged_once(base) else EPOCHS
    changed |= {"num_epoch": max(least, 2 * base["epochs"])} if longer else {}
    return command(experiment, [base["rate"]], seeds, overwrite=True, **changed)


def _more_seeds(measured: dict, experiment: Experiment) -> list[dict]:
    """Seeds for the baseline, the chosen rate and the rates in doubt: the same for all, since that
    is what pairs them; one loop for those that lack the same."""
    doubtful = [v for v in measured["rates"] if v["verdict"] in (PROBABLY, UNSURE, ALONE)]
    compared = [measured["baseline_rate"], measured["rate"], *(v["rate"] for v in doubtful)]
    have = {rate: {run["seed"] for run in experiment.runs[rate]} - {None} for rate in compared}
    enough = [v["difference"]["seeds"] for v in doubtful if v["difference"]["seeds"] >= SEEDS]
    wanted = _seeds(set().union(*have.values()), SEEDS + max(enough, default=0))
    lacks = {}
    for rate, used in have.items():
        seeds = experiment.rows[rate]["seeds"]
        few = f" (there are {seeds} of {SEEDS})" if seeds < SEEDS else ""
        if lacking := tuple(seed for seed in wanted if seed not in used):
            lacks.setdefault((few, lacking), []).append(rate)
    name = domains.codec(measured).rate_name
    return [
        {
            "what": f"more seeds at {', '.join(map(name, rates))}{few}",
            "command": command(experiment, rates, seeds),
        }
        for (few, seeds), rates in lacks.items()
    ]


def _seeds(used: set[int], count: int) -> list[int]:
    """This many seeds: those that were used, then the lowest that were not."""
    free = (seed for seed in range(len(used) + count) if seed not in used)
    return sorted([*sorted(used), *free][:count])


def command(experiment: Experiment, rates, seeds, **changed) -> str | None:
    """The shell command that trains like the runs of an experiment, at other rates or seeds.

    None when the runs do not say how they were made, or only where the data of one rate lie.
    """
    run = next(iter(experiment.runs.values()))[0]
    flags, domain, codec = run["flags"], domains.of(run), domains.codec(experiment.key)
    if codec is not domain.published and 0 in rates:  # all codecs share what is not compressed
        others = command(experiment, [rate for rate in rates if rate], seeds, **changed)
        shared = experiment._replace(key=experiment.key | {"codec": None})
        return " && ".join(filter(None, [command(shared, [0], seeds, **changed), others])) or None
    if not flags or flags.get("train_dir") or not domain.name or not codec.name or not rates:
        return None
    (rate, loop_rates), (seed, loop_seeds) = _looped(domain.flag, rates), _looped("seed", seeds)
    words = ["--model", flags.get("own") or run["model"]]
    words += ["--codec", codec.name] if codec.name != domain.published.name else []
    for flag, value in (flags | {"overwrite": False} | changed).items():
        if flag not in {*LEFT_OUT, domain.flag} and value is not None and value is not False:
            words += [f"--{flag}"] if value is True else [f"--{flag}", value]
    backend = (run["backend"] or "tensorflow").partition(" ")[0]
    line = "" if backend == "tensorflow" else f"KERAS_BACKEND={shlex.quote(backend)} "
    line += f"python {domain.name}/train.py --{domain.flag} {rate} {shlex.join(map(str, words))} "
    line += f"--seed {seed}{_log_dir(flags, codec.folder(rate), seed)}"
    for loop in (loop_seeds, loop_rates):
        line = f"{loop}{line}; done" if loop else line
    return line


def _looped(name: str, values) -> tuple[str, str]:
    """A value as it stands in a command, and the shell loop around it where there are several."""
    if len(values) == 1:
        return str(values[0]), ""
    return f"${name}", f"for {name} in {' '.join(map(str, values))}; do "


def _log_dir(flags: dict, folder: str, seed: str) -> str:
    """The flag --log_dir, where the others were put into folders that are named as usual."""
    place = flags.get("log_dir") or ""
    if not re.search(PLACE, place):
        return ""
    return f" --log_dir {shlex.quote(re.sub(PLACE, '', place))}{folder}/seed_{seed}"
