"""Numbers as they stand in sentences."""


def plural(number: int, noun: str) -> str:
    """A number with its noun: 1 epoch, 2 epochs."""
    return f"{number} {noun}" + "s" * (number != 1)


def percent(share: float) -> str:
    """A share: 1 %."""
    return f"{100 * share:.3g} %"


def points(found: dict) -> str:
    """A difference of accuracies in points, with its interval where there is one."""
    if found["low"] is None:
        return f"{100 * found['mean']:+.1f}"
    return f"{100 * found['mean']:+.1f} [{100 * found['low']:+.1f}, {100 * found['high']:+.1f}]"


def with_interval(row: dict, name: str) -> str:
    """0.812 [0.801, 0.823]; the mean alone of one seed; a dash where there is none."""
    if row[name] is None:
        return "-"
    low, high = row[f"{name}_low"], row[f"{name}_high"]
    return f"{row[name]:.3f}" + ("" if low is None else f" [{low:.3f}, {high:.3f}]")


def number(value: float | None) -> str:
    return "-" if value is None else f"{value:,.0f}"
