"""The answer in words: the rate to choose, what it saves, what it costs, and how sure that is."""

from helmholtz.analysis import domains
from helmholtz.analysis.advice import missing
from helmholtz.analysis.experiments import Experiment, rate_order
from helmholtz.analysis.measure import ALONE, NO, YES, luck, measure
from helmholtz.analysis.summary import SHORT
from helmholtz.analysis.wording import percent, plural, points

SEED_LUCK = "seed-to-seed variation"


def answer(experiment: Experiment, tolerance: float) -> dict:
    """What measure says of an experiment, and whether it is "answered", "sentence" and "noise" in
    words, and "missing", what would help."""
    measured = measure(experiment, tolerance)
    return {
        "title": title(experiment.key),
        "answered": measured["learned"] is not False and len(experiment.rows) > 1,
        "sentence": _sentence(measured, experiment),
        "noise": _noise_sentence(measured),
        "missing": missing(measured, experiment),
        **measured,
    }


def title(row: dict) -> str:
    """An experiment's name."""
    return " / ".join(map(str, [row["domain"], row["source"] or "unknown source", network(row)]))


def network(row: dict) -> str:
    """A network's name, with the codec's unless that is the published one."""
    codec = domains.codec(row)
    published = codec is domains.of(row).published
    return str(row["model"]) if published else f"{row['model']}, {row['codec']}"


def _sentence(measured: dict, experiment: Experiment) -> str:
    base, rate = experiment.base, measured["rate"]
    name = domains.codec(measured).rate_name
    if measured["learned"] is False:
        return f"No answer: {_not_learned(base)}, so nothing can be said of what hurts the network."
    if len(experiment.rows) == 1:
        return f"No answer: {name(base['rate'])} is the only rate so far."
    if rate == base["rate"]:
        return f"Stay at {name(rate)}: {_why_not_lower(measured)}."
    row = experiment.rows[rate]
    verdict = next(v for v in measured["rates"] if v["rate"] == rate)
    saved = filter(None, [_bytes(row, base), _epochs(row, base), _time(row, base)])
    cost = f"accuracy {row['accuracy']:.3f} against {base['accuracy']:.3f}, "
    cost += f"{_points(verdict)}, {_sure(verdict, measured)}"
    return f"Choose {name(rate)}: {'; '.join(saved)}; {cost}.{_not_monotone(measured)}"


def _not_learned(row: dict) -> str:
    name, chance = domains.rate_name(row), f"guessing ({row['chance']:.3f})"
    if row["accuracy"] > luck(row):
        return f"an accuracy of {row['accuracy']:.3f} ({name}) is hardly above {chance}"
    items = plural(row["val_items"], "validation item")
    return (
        f"an accuracy of {row['accuracy']:.3f} ({name}) cannot be told from {chance} with {items} "
        f"and {plural(row['epochs'], 'epoch')}"
    )


def _why_not_lower(measured: dict) -> str:
    first = measured["rates"][1]
    lost = -100 * first["difference"]["mean"]
    unsure = "" if first["verdict"] == NO else f", which is not certain ({_seeds(first)})"
    return (
        f"{domains.codec(measured).rate_name(first['rate'])}, the next lower one, costs "
        f"{lost:.1f} points of accuracy, more than {percent(measured['tolerance'])} of it{unsure}"
    )


def _bytes(row: dict, base: dict) -> str:
    new, was = row["file_bytes"], base["file_bytes"]
    if not new or not was:
        return "the size of its files is unknown"
    return f"{new:,.0f} bytes per {domains.of(row).item} instead of {was:,.0f} ({_saved(new, was)})"


def _saved(new: float, was: float) -> str:
    return f"{abs(1 - new / was):.0%} {'less' if new < was else 'more'}"


def _epochs(row: dict, base: dict) -> str:
    if row["accuracy_is"] == SHORT:
        return ""
    if any(some["converged"] < some["seeds"] for some in (row, base)):
        none = not row["converged"] + base["converged"]
        return "no run converges" if none else "not every run converges"
    new, was = row["convergence_epoch"], base["convergence_epoch"]
    return f"it converges after {plural(round(new), 'epoch')} instead of {was:.0f}"


def _time(row: dict, base: dict) -> str:
    new, was = row["seconds_to_converge"], base["seconds_to_converge"]
    if new is None or was is None:
        return ""
    if row["devices"] != base["devices"]:
        return "times are from different machines"
    return f"in {new:,.0f} s instead of {was:,.0f} s"


def _points(verdict: dict) -> str:
    mean, _, ends = points(verdict["difference"]).partition(" ")
    return " ".join(filter(None, [mean, "points", ends]))


def _sure(verdict: dict, measured: dict) -> str:
    if verdict["verdict"] == ALONE:
        return f"{_seeds(verdict)}: too few for an interval, so this may be {SEED_LUCK}"
    paired = ", paired" if verdict["margin"]["paired"] else ""
    found, limit = verdict["difference"], percent(measured["tolerance"])
    side = "within" if found["low"] <= 0 <= found["high"] else "beyond"
    said = f"{_seeds(verdict)}{paired}; the difference is {side} {SEED_LUCK}"
    if verdict["verdict"] == YES:
        return f"{said}, and a loss of more than {limit} of the accuracy is ruled out at 95 %"
    return f"{said}, but a loss of more than {limit} of the accuracy is not ruled out"


def _seeds(verdict: dict) -> str:
    """How many seeds the difference rests on."""
    return plural(verdict["difference"]["seeds"], "seed")


def _not_monotone(measured: dict) -> str:
    """Rates whose verdict does not fit their neighbours'."""
    low, rate, name = (
        measured["lowest_passing"],
        measured["rate"],
        domains.codec(measured).rate_name,
    )
    said = ""
    if low != rate:
        said = (
            f" {_capital(name(low))} is within the tolerance too, but not every rate above it is: "
            f"not chosen, as this may be {SEED_LUCK}."
        )
    failing = [v["rate"] for v in measured["rates"] if not v["passes"]]
    higher = [name(r) for r in failing if rate_order(r) > rate_order(rate)]
    if higher:
        said += f" {_capital(', '.join(higher))} seems worse, which may be {SEED_LUCK}."
    return said


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _noise_sentence(measured: dict) -> str:
    """U, F and U - F in words, with what is known of the truth."""
    if measured["U"] is None or measured["file"]["F"] is None:
        return "Noise: not measured, since the size of the files is unknown."
    if measured["learned"] is False or len(measured["rates"]) == 1:
        return "Noise: not measured, since no lower rate could be judged."
    kinds = {"file": "whole files", "scan": "scans alone"}
    if measured["scan"]["F"] in (None, measured["file"]["F"]):
        kinds = {"file": "whole files"}
    said = [f"Noise: of U = {measured['U']:,.0f} bits"]
    said += [f"{_kind_sentence(measured[k], measured['U'])} ({name})" for k, name in kinds.items()]
    if not measured["uncompressed"]:
        said.append("compared with the highest rate, as there is no uncompressed run")
    if measured["true_noise_bits"]:
        said.append(_truth(measured))
    return "; ".join(said) + "."


def _kind_sentence(found: dict, raw: float) -> str:
    noise, low, high = found["noise"], found["noise_low"], found["noise_high"]
    share = f" ({noise / raw:.0%})" if raw else ""
    text = f"F = {found['F']:,.0f} are content and {noise:,.0f}{share} noise"
    if None not in (low, high) and low != high:
        text += f", {low:,.0f} to {high:,.0f} within what the seeds leave open"
    return text


def _truth(measured: dict) -> str:
    truth = measured["true_noise_bits"]
    ratio = measured["file"]["noise"] / truth
    said = f"the true noise is {truth:,.0f} bits, so the measure is {ratio:.2f} times that"
    rest = measured["file"]["irredundant"]
    return said + (f", and {rest / truth:.2f} times without redundancy" if rest else "")
