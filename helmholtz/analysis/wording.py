"""Numbers as they stand in sentences and tables."""


def plural(number: int, noun: str) -> str:
    """A number with its noun: 1 epoch, 2 epochs."""
    return f"{number} {noun}" + "s" * (number != 1)


def percent(share: float) -> str:
    """A share: 1 %."""
    return f"{100 * share:.3g} %"


def number(value: float | None) -> str:
    """A whole number, or a dash where there is none."""
    return "-" if value is None else f"{value:,.0f}"


def points(found: dict, unit: str = "") -> str:
    """A difference of accuracies in points, with its interval: -0.4 [-0.5, -0.3]."""
    shown = ends(found)
    interval = "" if None in shown else " [{:+.1f}, {:+.1f}]".format(*(100 * e for e in shown))
    return f"{100 * found['mean']:+.1f}{unit}{interval}"


def ends(found: dict, prefix: str = "") -> tuple:
    """The ends of the interval to show: over seeds and items, or where that is not known seeds."""
    wide = tuple(found.get(f"{prefix}{end}_items") for end in ("low", "high"))
    return seeds_alone(found, prefix) if None in wide else wide


def seeds_alone(found: dict, prefix: str = "") -> tuple:
    """The ends of the interval over seeds."""
    return found[f"{prefix}low"], found[f"{prefix}high"]


def covers(found: dict, prefix: str = "") -> str:
    """What the interval to show covers; "" where there is none."""
    one_seed = None in seeds_alone(found, prefix)
    if found.get(f"{prefix}low_items") is None:
        return "" if one_seed else "seeds"
    return "items" if one_seed else "seeds and items"


COVERED = {
    "seeds and items": "over seeds and items, so they hold for other seeds and other items",
    "items": "of a single seed over items alone",
    "seeds": "over seeds alone, so they hold for these items",
}


def intervals_are(rows: list[dict]) -> str:
    """A sentence on what the intervals of accuracy in these rows cover."""
    found = {covers(row, "accuracy_") for row in rows}
    told = "; ".join(text for name, text in COVERED.items() if name in found)
    return f"Intervals are 95 % intervals {told}." if told else "One seed has no interval."


def with_interval(row: dict, name: str) -> str:
    """A mean with its interval: 0.812 [0.801, 0.823]; a dash where there is none."""
    mean, (low, high) = row[name], ends(row, f"{name}_")
    if mean is None:
        return "-"
    return f"{mean:.3f}" + ("" if low is None else f" [{low:.3f}, {high:.3f}]")


def bits_fewer(told: dict) -> str:
    """What compare says of a codec: WebP: -27 % [-34, -19] payload bits against JPEG."""
    found, pair = told["fewer"], f"against {told['published']}"
    if found is None:
        return f"{told['title']}: no accuracy in common {pair}"
    ends = (found["low"], found["high"])
    interval = "" if None in ends else " [{:+.0f}, {:+.0f}]".format(*(100 * end for end in ends))
    said = f"{told['title']}: {100 * found['mean']:+.0f} %{interval} payload bits {pair}"
    return f"{said} at accuracies of {found['from']:.3f} to {found['to']:.3f}"


def over_seeds(row: dict, name: str, form: str = "{:.3f}", times: int = 1) -> str:
    """The interval over seeds alone, as [0.801, 0.823]; a dash where there is none."""
    shown = seeds_alone(row, f"{name}_" if name else "")
    return "-" if None in shown else f"[{', '.join(form.format(times * end) for end in shown)}]"
