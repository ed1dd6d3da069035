"""The answer in words: the rate to choose, what it saves, what it costs, and how sure that is."""

from helmholtz.analysis import domains
from helmholtz.analysis.advice import missing
from helmholtz.analysis.experiments import Experiment, rate_order
from helmholtz.analysis.measure import ALONE, NO, YES, guessing_bound, measure
from helmholtz.analysis.summary import SHORT, judged_once, no_saving
from helmholtz.analysis.wording import covers, ends, percent, plural, points
from helmholtz.audit.rates import above_source

MAY_BE_LUCK = "may be seed-to-seed variation"


def answer(experiment: Experiment, tolerance: float) -> dict:
    """What measure says of an experiment, whether it is "answered", "sentence" and "noise" in
    words, "missing", what would help, "found", what the data are, and "prior", what they were."""
    measured = measure(experiment, tolerance)
    return {
        "title": title(experiment.key),
        "answered": measured["learned"] is not False and len(experiment.rows) > 1,
        "sentence": _sentence(measured, experiment),
        "noise": _noise_sentence(measured),
        "missing": missing(measured, experiment),
        "found": experiment.runs[experiment.base["rate"]][0]["found"],
        "prior": _prior(experiment),
        **measured,
    }


def _prior(experiment: Experiment) -> str:
    """What the files went through before, in words, the rates above that, and warnings; or ""."""
    run = experiment.runs[experiment.base["rate"]][0]
    means = "." if run["rate"] else '; "uncompressed" means that here.'
    said = f"The files went through {run['prior']}{means}" if run["prior"] else ""
    rates, codec = list(experiment.rows), domains.codec(experiment.key)
    above = above_source(codec, run["prior_codec"], run["prior_rate"], rates)
    return " ".join(filter(None, [said, above, run["prior_warnings"]]))


def title(row: dict) -> str:
    """An experiment's name."""
    return " / ".join(map(str, [row["domain"], row["source"] or "unknown source", network(row)]))


def network(row: dict) -> str:
    """A network's name, with the codec's unless that is the published one."""
    published = domains.codec(row) is domains.of(row).published
    return str(row["model"]) if published else f"{row['model']}, {row['codec']}"


def _sentence(measured: dict, experiment: Experiment) -> str:
    base, rate = experiment.base, measured["rate"]
    name = domains.codec(measured).rate_name
    if measured["learned"] is False:
        return f"No answer: {_not_learned(base)}, so nothing can be said of what hurts the network."
    if len(experiment.rows) == 1:
        return f"No answer: {name(rate)} is the only rate so far."
    if rate == base["rate"]:
        return f"Stay {'at ' * (rate > 0)}{name(rate)}: {_why_not_lower(measured)}."
    row = experiment.rows[rate]
    verdict = next(v for v in measured["rates"] if v["rate"] == rate)
    saved = "; ".join(filter(None, [_bytes(row, base), _convergence(row, base)]))
    accuracies = f"accuracy {row['accuracy']:.3f} instead of {base['accuracy']:.3f}"
    if row["seeds"] != base["seeds"]:
        accuracies += f", means of {row['seeds']} and {base['seeds']} seeds"
    change = f"{points(verdict['difference'], ' points')}, {_sure(verdict, measured)}"
    return f"Choose {name(rate)}: {saved}; {accuracies}, {change}.{_not_monotone(measured)}"


def _not_learned(row: dict) -> str:
    reached = f"an accuracy of {row['accuracy']:.3f} ({domains.rate_name(row)})"
    if row["accuracy"] > guessing_bound(row):
        return f"{reached} is hardly above guessing ({row['chance']:.3f})"
    kind = "test" if judged_once(row) else "validation"
    epochs = f" and {plural(row['epochs'], 'epoch')}" if row["epochs"] else ""
    items = plural(row["val_items"], f"{kind} item") + epochs
    return f"{reached} cannot be told from guessing ({row['chance']:.3f}) with {items}"


def _why_not_lower(measured: dict) -> str:
    lower, limit = measured["rates"][1], percent(measured["tolerance"])
    unsure = "" if lower["verdict"] == NO else f", which is not certain ({_seeds(lower)})"
    return (
        f"{domains.codec(measured).rate_name(lower['rate'])}, the next lower one, costs "
        f"{-100 * lower['difference']['mean']:.1f} points of accuracy, more than {limit} of it"
        + unsure
    )


def _bytes(row: dict, base: dict) -> str:
    new, was, source = row["file_bytes"], base["file_bytes"], row["source_bytes"]
    if not new or not was:
        return "the size of its files is unknown"
    said = f"{new:,.0f} bytes per {domains.of(row).item}"
    if no_saving(row):
        return f"{said}, no saving, since the files as they are have {source:,.0f}"
    said += f" instead of {was:,.0f} ({new / was - 1:+.0%})"
    unlike, lossless = source and not 0.9 < source / was < 1.1, row["lossless_bytes"]
    said += f", where the files as they are have {source:,.0f}" if unlike else ""
    return said + (f"; lossless WebP takes {lossless:,.0f}" if lossless and lossless <= new else "")


def _convergence(row: dict, base: dict) -> str:
    if row["accuracy_is"] == SHORT or judged_once(row):
        return ""
    if any(some["converged"] < some["seeds"] for some in (row, base)):
        none = not row["converged"] + base["converged"]
        return "no run converges" if none else "not every run converges"
    new, was = (some["convergence_epoch"] for some in (row, base))
    said = f"it converges after {plural(round(new), 'epoch')} instead of {was:.0f}"
    new, was = (some["seconds_to_converge"] for some in (row, base))
    comparable = None not in (new, was) and row["devices"] == base["devices"]
    return said + (f" ({new:,.0f} s instead of {was:,.0f} s)" if comparable else "")


def _sure(verdict: dict, measured: dict) -> str:
    difference = verdict["difference"]
    if verdict["verdict"] == ALONE:
        alone = " over seeds, and this one is over items alone" * (covers(difference) == "items")
        return f"{_seeds(verdict)}: too few for an interval{alone}, so this {MAY_BE_LUCK}"
    paired = ", paired" if verdict["margin"]["paired"] else ""
    low, high = ends(difference)
    side = "within" if low <= 0 <= high else "beyond"
    both = covers(difference) == "seeds and items"
    variation = "the variation of seeds and items" if both else "seed-to-seed variation"
    ruled = "is" if verdict["verdict"] == YES else "is not"
    return (
        f"{_seeds(verdict)}{paired}: {side} {variation}; a loss of more than "
        f"{percent(measured['tolerance'])} of the accuracy {ruled} ruled out at 95 %"
        + (", for other items too" if both else "")
    )


def _seeds(verdict: dict) -> str:
    return plural(verdict["difference"]["seeds"], "seed")


def _not_monotone(measured: dict) -> str:
    """Rates whose verdict does not fit their neighbours'."""
    low, rate, said = measured["lowest_passing"], measured["rate"], ""
    name = domains.codec(measured).rate_name
    if low != rate:
        said = f" At {name(low)} it is within the tolerance too, but not at every rate above: that "
        said += f"{MAY_BE_LUCK}."
    failing = [v["rate"] for v in measured["rates"] if not v["passes"]]
    higher = [name(r) for r in failing if rate_order(r) > rate_order(rate)]
    return said + (f" At {', '.join(higher)} it is worse: that {MAY_BE_LUCK}." if higher else "")


def _noise_sentence(measured: dict) -> str:
    """U, F and U - F in words, with what is known of the truth."""
    if None in (measured["U"], measured["file"]["F"]):
        return "Noise: not measured, since the size of the files is unknown."
    if measured["learned"] is False or len(measured["rates"]) == 1:
        return "Noise: not measured, since no lower rate could be judged."
    said = [f"Noise: of U = {measured['U']:,.0f} bits", _kind("file", "whole files", measured)]
    if measured["scan"]["F"] not in (None, measured["file"]["F"]):
        said.append(_kind("scan", "payload alone", measured))
    if not measured["uncompressed"]:
        said.append("compared with the highest rate, as there is no uncompressed run")
    if measured["true_noise_bits"]:
        said.append(_truth(measured["file"], measured["true_noise_bits"]))
    return "; ".join(said) + "."


def _kind(kind: str, name: str, measured: dict) -> str:
    F, noise, low, high = (measured[kind][n] for n in ("F", "noise", "noise_low", "noise_high"))
    share = f" ({noise / measured['U']:.0%})" if measured["U"] else ""
    text = f"F = {F:,.0f} are content and {noise:,.0f}{share} noise"
    if None not in (low, high) and low != high:
        text += f", {low:,.0f} to {high:,.0f} within what the seeds leave open"
    return f"{text} ({name})"


def _truth(found: dict, truth: float) -> str:
    said = f"the true noise is {truth:,.0f} bits, so the measure is {found['noise'] / truth:.2f} "
    rest = found["irredundant"]
    return f"{said}times that" + (f", and {rest / truth:.2f} without redundancy" if rest else "")
