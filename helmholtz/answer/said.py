"""The answer in words: five lines, and notes on what they rest on."""

import shlex
from math import isinf

from helmholtz.analysis.wording import percent, plural
from helmholtz.answer.clock import Clock, spoken
from helmholtz.answer.decide import HARMFUL, OPEN, SEEDS
from helmholtz.answer.inquiry import Inquiry, Verdict
from helmholtz.audit.rates import above_source
from helmholtz.text import counted, megabytes

LEAST = 8  # trials that an answer takes: three of the baseline, five of two rates or more


def lines(inquiry: Inquiry, clock: Clock, source: str, size: tuple | None) -> list[str]:
    """The answer in five lines or fewer. source: the --source flag. size: of sizes.estimated."""
    if inquiry.accuracy is None:
        return [_no_run(clock)]
    if not inquiry.learned():
        return [_not_learned(inquiry)]
    chosen = inquiry.chosen()
    said = [_choice(inquiry, chosen, size), _cost(inquiry, chosen)]
    said += [_harmful(inquiry), _open(inquiry, clock)]
    if size and _saves(size):
        said.append(_next(inquiry, chosen, source))
    return [line for line in said if line]


def _no_run(clock: Clock) -> str:
    if not clock.trial:
        return "No answer yet: no run has been finished."
    return (
        f"No answer yet: a rate and seed takes about {spoken(clock.trial)}, and an answer needs "
        f"{LEAST} of them or more: give --budget {_flag(clock.used + LEAST * clock.trial)} or more."
    )


def _flag(seconds: float) -> str:
    return f"{max(1, -(-seconds // 60)):.0f}m"


def _not_learned(inquiry: Inquiry) -> str:
    return (
        f"No answer: without compression the network classifies {percent(inquiry.accuracy)} of "
        f"{counted(len(inquiry.trials.truth), 'test item')} correctly, which may be guessing. "
        "Check the labels; then train longer with --num_epoch, or give another --model."
    )


def name(inquiry: Inquiry, verdict: Verdict) -> str:
    """A rate in a sentence."""
    return inquiry.trials.half.codecs[verdict.codec].rate_name(verdict.rate)


def difference(inquiry: Inquiry, verdict: Verdict) -> str:
    """Of accuracy to the baseline's, in points, with its interval."""
    mean, low, high = (100 * value for value in inquiry.difference(verdict))
    if isinf(low):
        return f"{mean:+.1f} points, no interval yet"
    return f"{mean:+.1f} points ({low:+.1f} to {high:+.1f})"


def _choice(inquiry: Inquiry, chosen: Verdict | None, size: tuple | None) -> str:
    if not chosen:
        if inquiry.answered():
            return "Stay uncompressed: every rate that was asked for costs more than the tolerance."
        return "No answer yet: no rate is known to be safe."
    if size and not _saves(size):
        now, then = map(megabytes, size)
        return (
            f"Keep the files as they are: they take {now}, and at {name(inquiry, chosen)}, the "
            f"smallest that is safe, would take about {then}."
        )
    return f"Choose {name(inquiry, chosen)}: {_saving(inquiry, chosen, size)}."


def _saves(size: tuple[int, int]) -> bool:
    """Whether files would become smaller."""
    now, then = size
    return then < now


def _saving(inquiry: Inquiry, chosen: Verdict, size: tuple | None) -> str:
    if size:
        now, then = size
        text = f"the files take {megabytes(now)} now, and would take about {megabytes(then)}"
        return f"{text} ({then / now - 1:+.0%})"
    trials, item = inquiry.trials, inquiry.trials.half.item
    now, then = (trials.data[key] for key in (trials.base(0).cell, (chosen.codec, chosen.rate)))
    now, then = (data["file_bytes"] / data["items"] for data in (now, then))
    return f"{then:,.0f} bytes in place of {now:,.0f} for every {item} ({then / now - 1:+.0%})"


def _cost(inquiry: Inquiry, chosen: Verdict | None) -> str:
    base = f"{inquiry.accuracy:.3f} without compression"
    if not chosen:
        seeds = plural(len(inquiry.base), "seed")
        return f"Accuracy {base}, from {seeds}; a loss of {inquiry.tolerance} is tolerated."
    return (
        f"Accuracy changes by {difference(inquiry, chosen)} from {base}, with "
        f"{plural(chosen.margin.seeds, 'seed')}; a loss of more than {inquiry.tolerance} is ruled "
        "out at 95 %, for other seeds and other items too."
    )


def _harmful(inquiry: Inquiry) -> str:
    """The highest harmful rate of every codec; those below it are harmful too."""
    found = {}
    for verdict in inquiry.verdicts:
        if verdict.said == HARMFUL:
            found.setdefault(verdict.codec, []).append(verdict)
    told = []
    for first, *others in found.values():
        cost = difference(inquiry, first)
        below = f" and below ({cost} at {first.rate})" if others else f" ({cost})"
        told.append(name(inquiry, first) + below)
    return f"Harmful: {'; '.join(told)}." if told else ""


def _open(inquiry: Inquiry, clock: Clock) -> str:
    if not (named := _open_rates(inquiry)):
        return ""
    text, more = f"Open: {named}", inquiry.still_needed()
    if not inquiry.wanted() and inquiry.stuck:
        why = "a run without compression failed, so that more seeds cannot be compared"
        return f"{text}; {why}: the same command tries it again."
    if not inquiry.wanted():
        items = counted(len(inquiry.trials.truth), "test item")
        return f"{text}; {items} are probably too few to settle that with {SEEDS} seeds."
    if clock.trial is None:
        return f"{text}."
    seconds = clock.trial * (more or max(1, LEAST - len(inquiry.trials.found)))
    settle = "would probably settle the rates tried" if more else "are needed at least"
    return (
        f"{text}; about {spoken(seconds)} more {settle}: "
        f"give --budget {_flag(max(clock.budget, clock.used) + seconds)}."
    )


def _open_rates(inquiry: Inquiry) -> str:
    """The open rates, of every codec the first and the last: they follow each other."""
    found = {}
    for verdict in inquiry.verdicts:
        if verdict.said == OPEN and verdict.cell not in inquiry.without:
            found.setdefault(verdict.codec, []).append(verdict)
    return ", ".join(
        name(inquiry, some[0]) + (f" to {some[-1].rate}" if len(some) > 1 else "")
        for some in found.values()
    )


def _next(inquiry: Inquiry, chosen: Verdict | None, source: str) -> str:
    """The command that compresses the folder."""
    half = inquiry.trials.half
    out = f"{source.rstrip('/')}-{half.codecs[chosen.codec].folder(chosen.rate)}"
    words = [source, out, "--codec", chosen.codec, f"--{half.flag}", str(chosen.rate)]
    words += ["--mono"] * getattr(inquiry.trials.baseline.args, "mono", False)
    return f"python -m helmholtz.export {shlex.join(words)}"


def notes(inquiry: Inquiry) -> list[str]:
    """What the data were before, and what their truth is where it is known."""
    trials = inquiry.trials
    data = trials.data.get(trials.base(0).cell, {})
    audit, said = data.get("audit") or {}, []
    if audit.get("prior"):
        said.append(f'The files went through {audit["prior"]}; "uncompressed" means that here.')
    for codec, order in inquiry.orders.items():
        rates = audit.get("codec"), audit.get("rate"), order
        said.append(above_source(trials.half.codecs[codec], *rates))
    for why in dict.fromkeys(inquiry.without.values()):
        some = [name(inquiry, v) for v in inquiry.verdicts if inquiry.without.get(v.cell) == why]
        said.append(f"Left out, as {why}: {', '.join(some)}." if some else "")
    chosen, truth = inquiry.chosen(), data.get("true_noise_bits")
    if chosen and truth:
        lower = trials.data[chosen.codec, chosen.rate]
        removed = 8 * (data["file_bytes"] - lower["file_bytes"]) / data["items"]
        said.append(
            f"Of the {8 * data['raw_bytes'] / data['items']:,.0f} bits of a sampled "
            f"{trials.half.item}, {truth:,.0f} are truly noise; {name(inquiry, chosen)} "
            f"removes {removed:,.0f}."
        )
    return [line for line in said if line]
