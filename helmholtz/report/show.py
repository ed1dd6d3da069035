"""What the report says on the terminal: a compact table, the answers, and what was not counted."""

from helmholtz.report.advice import rate_name
from helmholtz.report.logbook import COUNTED
from helmholtz.report.summary import plural, starred

STAR = (
    "fewer than 20 epochs: the mean of the ten best of them lies well below the best, "
    "which stands here in its place below 15 epochs"
)
SHOWN = 10  # runs and files listed by name; the page lists all


def states(rows: list[dict]) -> dict[str, int]:
    """How many runs there are in every state."""
    found = {}
    for row in rows:
        found[row["state"]] = found.get(row["state"], 0) + 1
    return found


def terminal(summary: list[dict], answers: list[dict], rows: list[dict], foreign: list[str]):
    """Print the table, the answers and the rest."""
    experiment = None
    for row in summary:
        this = (row["domain"], row["source"], row["data"], row["protocol"])
        if this != experiment:
            print(f"\n{row['domain']} / {row['source'] or 'unknown source'}: {row['protocol']}")
            print(f"{'network':20} {'rate':>12} {'seeds':>5} {'accuracy, 95 %':>22} "
                  f"{'epochs':>7} {'bytes':>8} {'seconds':>8}")  # fmt: skip
        experiment = this
        print(table_line(row))
    for answer in answers:
        print(f"\n{answer['title']}: {answer['protocol']}")
        print(f"  {answer['sentence']}\n  {answer['noise']}")
        for lack in answer["missing"]:
            command = f":\n    {lack['command']}" if lack["command"] else ""
            print(f"  Missing: {lack['what']}{command}")
    _others(rows, foreign)
    if any(starred(row) for row in summary):
        print(f"* {STAR}")


def table_line(row: dict) -> str:
    """A row of summary in 88 columns."""
    short = "*" if starred(row) else ""
    return (
        f"{row['model'][:20]:20} {rate_name(row['domain'], row['rate']):>12} {row['seeds']:>5} "
        f"{with_interval(row, 'accuracy') + short:>22} {number(row['convergence_epoch']):>7} "
        f"{number(row['file_bytes']):>8} {number(row['seconds']):>8}"
    )


def with_interval(row: dict, name: str) -> str:
    """0.812 [0.801, 0.823], or the mean alone of one seed, or a dash."""
    if row[name] is None:
        return "-"
    low, high = row[f"{name}_low"], row[f"{name}_high"]
    return f"{row[name]:.3f}" + ("" if low is None else f" [{low:.3f}, {high:.3f}]")


def number(value: float | None) -> str:
    return "-" if value is None else f"{value:,.0f}"


def _others(rows: list[dict], foreign: list[str]) -> None:
    counts = ", ".join(f"{count} {state}" for state, count in states(rows).items())
    print(f"\n{plural(len(rows), 'run')}: {counts}. Only finished ones are counted.")
    others = [row for row in rows if row["state"] not in COUNTED]
    for row in others[:SHOWN]:
        print(f"  {row['state']}: {row['folder']}: {row['note']}")
    if len(others) > SHOWN:
        print(f"  ... and {len(others) - SHOWN} more, see runs.csv")
    if foreign:
        named = ", ".join(foreign[:3]) + (" ..." if len(foreign) > 3 else "")
        print(f"Files that are no part of a run, {len(foreign)}: {named}")
