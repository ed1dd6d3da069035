"""What an experiment lacks, and the command that adds it."""

import re
import shlex

from helmholtz.noise import ALONE, PROBABLY, UNSURE
from helmholtz.report.logbook import RATE_NAMES
from helmholtz.report.summary import STARRED, plural, starred

FEW_ITEMS = 100  # validation items below which a good network may look like a guesser
SEEDS = 3  # from which an interval says something
UNITS = {"cifar": ("quality {}", "an image"), "audio": ("{} kb/s", "a clip")}
RATE_FLAGS = {domain: name for name, domain in RATE_NAMES.items()}
# Flags that are not part of what a run is, or that a command states by itself.
LEFT_OUT = {"setting", "model", "seed", "resume", "tensorboard", "wandb"}
LEFT_OUT |= {"train_dir", "log_dir", *RATE_NAMES}


def rate_name(domain: str | None, rate: int) -> str:
    """A rate as it stands in a sentence."""
    if rate == 0:
        return "uncompressed"
    return UNITS.get(domain, ("rate {}",))[0].format(rate)


def missing(measured: dict, rows: dict, runs: dict) -> list[dict]:
    """What would make the answer better, each with the command that adds it."""
    base, found = measured["baseline_rate"], []
    if runs[base][0]["flags"].get("learning_rate") == 0:
        what = "a learning rate of 0 teaches nothing: train without --learning_rate"
        return [{"what": what, "command": _again(runs[base], base, learning_rate=None)}]
    if measured["learned"] is False:
        what = "the network has not learned yet: train longer, at this rate and at the others"
        if rows[base]["val_items"] < FEW_ITEMS:
            what = "too few items to tell learning from guessing: validate on more, or train longer"
        return [{"what": what, "command": _longer(runs[base], base)}]
    if starred(rows[base]):
        what = f"{plural(rows[base]['epochs'], 'epoch')}, fewer than {STARRED}: train longer"
        found.append({"what": what, "command": _longer(runs[base], base)})
    if not measured["uncompressed"]:
        what = f"no uncompressed run; {rate_name(measured['domain'], base)} stands in for it"
        found.append({"what": what, "command": command(runs[base], 0, range(SEEDS))})
    elif len(rows) == 1:
        other = 32 if measured["domain"] == "audio" else 25
        what = "no other rate to compare with"
        found.append({"what": what, "command": command(runs[base], other, range(SEEDS))})
    return found + _more_seeds(measured, rows, runs)


def _more_seeds(measured: dict, rows: dict, runs: dict) -> list[dict]:
    """Seeds for the baseline, the chosen rate and the rates in doubt: the same for all, since that
    is what pairs them; one loop for those that lack the same."""
    doubtful = [v for v in measured["rates"] if v["verdict"] in (PROBABLY, UNSURE, ALONE)]
    compared = [measured["baseline_rate"], measured["rate"], *(v["rate"] for v in doubtful)]
    have = {rate: {run["seed"] for run in runs[rate]} - {None} for rate in compared}
    enough = [v["difference"]["seeds"] for v in doubtful if v["difference"]["seeds"] >= SEEDS]
    wanted = _seeds(set().union(*have.values()), SEEDS + max(enough, default=0))
    lacks = {}
    for rate, used in have.items():
        few = f"{rows[rate]['seeds']} of {SEEDS} seeds" if rows[rate]["seeds"] < SEEDS else ""
        lacking = tuple(seed for seed in wanted if seed not in used)
        if lacking:
            lacks.setdefault((few or "more seeds", lacking), []).append(rate)
    return [
        {
            "what": f"{', '.join(rate_name(measured['domain'], r) for r in rates)}: {what}",
            "command": command(runs[rates[0]], rates, seeds),
        }
        for (what, seeds), rates in lacks.items()
    ]


def _seeds(used: set[int], count: int) -> list[int]:
    """This many seeds: those that were used, then the lowest that were not."""
    free = (seed for seed in range(len(used) + count) if seed not in used)
    return sorted([*sorted(used), *free][:count])


def _longer(runs: list[dict], rate: int) -> str | None:
    return _again(runs, rate, num_epoch=max(200, 2 * runs[0]["epochs"]))


def _again(runs: list[dict], rate: int, **changed) -> str | None:
    """The command that replaces these runs by runs with other flags."""
    return command(runs, rate, [run["seed"] for run in runs], overwrite=True, **changed)


def command(runs: list[dict], rates, seeds, **changed) -> str | None:
    """The shell command that trains like these runs, at a rate or several and with seeds; None
    when the runs do not say how they were made, or say where one rate's data lie and not whence."""
    run, flags = runs[0], runs[0]["flags"]
    if not flags or flags.get("train_dir") or run["domain"] not in RATE_FLAGS:
        return None
    name = RATE_FLAGS[run["domain"]]
    rate, loop_rates = _looped(name, [rates] if isinstance(rates, int) else rates)
    seed, loop_seeds = _looped("seed", list(seeds))
    words = []
    for flag, value in (flags | {"overwrite": False} | changed).items():
        if flag not in LEFT_OUT and value is not None and value is not False:
            words += [f"--{flag}"] if value is True else [f"--{flag}", value]
    backend = (run["backend"] or "tensorflow").partition(" ")[0]
    line = "" if backend == "tensorflow" else f"KERAS_BACKEND={shlex.quote(backend)} "
    line += f"python {run['domain']}/train.py --{name} {rate} --model {shlex.quote(run['model'])} "
    line += f"{shlex.join(map(str, words))} --seed {seed}{_log_dir(flags, f'{name}_{rate}', seed)}"
    for loop in (loop_seeds, loop_rates):
        line = f"{loop}{line}; done" if loop else line
    return line


def _looped(name: str, values: list) -> tuple[str, str]:
    """A value as it stands in a command, and the shell loop around it where there are several."""
    if len(values) == 1:
        return str(values[0]), ""
    return f"${name}", f"for {name} in {' '.join(map(str, values))}; do "


def _log_dir(flags: dict, rate: str, seed: str) -> str:
    """The flag --log_dir, where the others were put into folders that are named as usual."""
    folder = flags.get("log_dir") or ""
    pattern = r"(quality|bitrate)_\d+/seed_\d+/?$"
    if not re.search(pattern, folder):
        return ""
    above = shlex.quote(re.sub(pattern, "", folder))
    return f" --log_dir {above}{rate}/seed_{seed}"
