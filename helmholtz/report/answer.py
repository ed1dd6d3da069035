"""The answer in words: the rate to choose, what it saves, what it costs, and how sure that is."""

from helmholtz.noise import ALONE, NO, YES
from helmholtz.report.advice import UNITS, missing, rate_name
from helmholtz.report.summary import SHORT, height, plural


def answer(measured: dict, rows: dict[int, dict], runs: dict[int, list]) -> dict:
    """One experiment's answer: "sentence", "noise" in words, and "missing", what would help.

    measured: what noise.measure says. rows, runs: of summary and of runs.csv, by rate.
    """
    return {
        "title": title(measured),
        "sentence": _sentence(measured, rows),
        "noise": _noise_sentence(measured),
        "missing": missing(measured, rows, runs),
        **measured,
    }


def title(row: dict) -> str:
    """An experiment's name."""
    names = (row["domain"], row["source"] or "unknown source", row["model"])
    return " / ".join(str(name) for name in names)


def _sentence(measured: dict, rows: dict) -> str:
    domain, base, rate = measured["domain"], measured["baseline_rate"], measured["rate"]
    if measured["learned"] is False:
        row, items = rows[base], plural(rows[base]["val_items"], "item")
        return (
            f"No answer: an accuracy of {row['accuracy']:.3f} ({rate_name(domain, base)}) cannot "
            f"be told from guessing ({row['chance']:.3f}) with {items} to "
            "validate on, so nothing can be said of what hurts the network."
        )
    if len(rows) == 1:
        return f"No answer: {rate_name(domain, base)} is the only rate so far."
    if rate == base:
        return f"Stay at {rate_name(domain, base)}: {_why_not_lower(measured)}."
    row, old = rows[rate], rows[base]
    verdict = next(v for v in measured["rates"] if v["rate"] == rate)
    saved = "; ".join(filter(None, [_bytes(row, old, domain), _epochs(row, old), _time(row, old)]))
    cost, sure = _cost(verdict, row, old), _sure(verdict, measured)
    return f"Choose {rate_name(domain, rate)}: {saved}; {cost}, {sure}.{_luck(measured)}"


def _why_not_lower(measured: dict) -> str:
    first = measured["rates"][1]
    points = -100 * first["difference"]["mean"]
    unsure = "" if first["verdict"] == NO else f", which is not beyond doubt ({_seeds(first)})"
    return (
        f"{rate_name(measured['domain'], first['rate'])}, the next lower one, costs "
        f"{points:.1f} points of accuracy, more than {percent(measured['tolerance'])} of it{unsure}"
    )


def _bytes(row: dict, old: dict, domain: str) -> str:
    new, was = row["file_bytes"], old["file_bytes"]
    if not new or not was:
        return "its bytes are not known"
    item = UNITS.get(domain, ("", "an item"))[1]
    return f"{new:,.0f} bytes {item} in place of {was:,.0f} ({1 - new / was:.0%} less)"


def _epochs(row: dict, old: dict) -> str:
    new, was = row["convergence_epoch"], old["convergence_epoch"]
    if min(row["converged"] - row["seeds"], old["converged"] - old["seeds"]) < 0:
        none = not row["converged"] + old["converged"]
        said = "no run converges" if none else "not every run converges"
        return "" if row["accuracy_is"] == SHORT else said
    return f"it converges after {plural(round(new), 'epoch')} in place of {was:.0f}"


def _time(row: dict, old: dict) -> str:
    new, was = row["seconds_to_converge"], old["seconds_to_converge"]
    if new is None or was is None:
        return ""
    if row["devices"] != old["devices"]:
        return "times are of different machines"
    return f"in {new:,.0f} s in place of {was:,.0f} s"


def _cost(verdict: dict, row: dict, old: dict) -> str:
    found = verdict["difference"]
    points = f"{100 * found['mean']:+.1f} points"
    if found["low"] is not None:
        points += f" [{100 * found['low']:+.1f}, {100 * found['high']:+.1f}]"
    return f"accuracy {row['accuracy']:.3f} against {old['accuracy']:.3f}, {points}"


def _sure(verdict: dict, measured: dict) -> str:
    if verdict["verdict"] == ALONE:
        return f"{_seeds(verdict)}: too few for an interval, so this may be luck"
    paired = ", paired" if verdict["margin"]["paired"] else ""
    found, limit = verdict["difference"], percent(measured["tolerance"])
    luck = found["low"] <= 0 <= found["high"]
    said = f"{_seeds(verdict)}{paired}; the difference is "
    said += "no more than the luck of seeds" if luck else "more than the luck of seeds"
    if verdict["verdict"] == YES:
        return f"{said}, and a loss of more than {limit} of the accuracy is ruled out at 95 %"
    return f"{said}, but a loss of more than {limit} of the accuracy is not ruled out"


def _seeds(verdict: dict) -> str:
    """How many seeds the difference rests on."""
    return plural(verdict["difference"]["seeds"], "seed")


def _luck(measured: dict) -> str:
    """What is not monotone, and so taken for luck."""
    low, rate, domain = measured["lowest_passing"], measured["rate"], measured["domain"]
    said = ""
    if low != rate:
        said = (
            f" {_capital(rate_name(domain, low))} is within the tolerance too, but not every rate "
            "above it is: taken for luck."
        )
    failing = [v["rate"] for v in measured["rates"] if not v["passes"]]
    higher = [rate_name(domain, r) for r in failing if height(r) > height(rate)]
    if higher:
        said += f" {_capital(', '.join(higher))} seems worse, not beyond doubt: taken for luck."
    return said


def percent(share: float) -> str:
    """A share as it stands in a sentence: 1 %."""
    return f"{100 * share:.3g} %"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _noise_sentence(measured: dict) -> str:
    """U, F and U - F in words, with what is known of the truth."""
    if measured["U"] is None or measured["file"]["F"] is None:
        return "Noise: not measured, since the bytes are not known."
    if measured["learned"] is False or len(measured["rates"]) == 1:
        return "Noise: not measured, since no lower rate could be judged."
    said = [f"Noise: of U = {measured['U']:,.0f} bits"]
    kinds = {"file": "whole files", "scan": "scans alone"}
    if measured["scan"]["F"] in (None, measured["file"]["F"]):
        kinds = {"file": "whole files"}
    for kind, name in kinds.items():
        said.append(f"{_kind_sentence(measured[kind], measured['U'])} ({name})")
    if not measured["uncompressed"]:
        said.append("judged against the highest rate, as no uncompressed run is there")
    if measured["true_noise_bits"] is not None:
        said.append(_truth(measured))
    return "; ".join(said) + "."


def _kind_sentence(found: dict, raw: float) -> str:
    noise, low, high = found["noise"], found["noise_low"], found["noise_high"]
    text = f"F = {found['F']:,.0f} are content and {noise:,.0f} ({noise / raw:.0%}) noise"
    if low is not None and low != high:
        text += f", {low:,.0f} to {high:,.0f} given what the seeds leave open"
    return text


def _truth(measured: dict) -> str:
    truth = measured["true_noise_bits"]
    ratio = measured["file"]["noise"] / truth
    said = f"the true noise is {truth:,.0f} bits, so the measure is {ratio:.2f} times that"
    rest = measured["file"]["irredundant"]
    return said + (f", and {rest / truth:.2f} times without redundancy" if rest else "")
