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
    ends = (found["low"], found["high"])
    interval = "" if None in ends else " [{:+.1f}, {:+.1f}]".format(*(100 * end for end in ends))
    return f"{100 * found['mean']:+.1f}{unit}{interval}"


def with_interval(row: dict, name: str) -> str:
    """A mean with its interval: 0.812 [0.801, 0.823]; a dash where there is none."""
    mean, low, high = (row[f"{name}{end}"] for end in ("", "_low", "_high"))
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
