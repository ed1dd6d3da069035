"""CSV files of rows, written and read back without a change."""

import csv
import io
import json
from pathlib import Path

from helmholtz.errors import DataError
from helmholtz.io.files import write_text

TEXT = {
    *("folder", "state", "note", "domain", "source", "data", "protocol", "model", "accuracy_is"),
    *("seed_list", "devices", "validated_on", "device", "precision", "codec", "backend", "commit"),
}
OBJECTS = {"flags"}  # dictionaries, as JSON


def write(path: Path, rows: list[dict], columns: list[str]) -> None:
    """Write rows as CSV; None is an empty cell, and a float has all its digits."""
    text = io.StringIO()
    lines = csv.writer(text, lineterminator="\n")
    lines.writerow(columns)
    lines.writerows([_cell(row[column], column) for column in columns] for row in rows)
    write_text(path, text.getvalue())


def _cell(value, column: str):
    return json.dumps(value) if column in OBJECTS else value


def read(path: Path, columns: list[str]) -> list[dict]:
    """Rows as write was given them. Raises DataError when the file does not hold the columns."""
    try:
        rows = list(csv.DictReader(path.read_text(encoding="utf-8").splitlines(), restval=""))
        return [{column: _value(row[column], column) for column in columns} for row in rows]
    except (OSError, csv.Error, KeyError, ValueError, TypeError, RecursionError) as error:
        raise DataError(f"{path} is no table of runs that this report wrote ({error}).") from error


def _value(cell: str, column: str):
    if column in OBJECTS:
        return json.loads(cell)
    if cell == "":
        return "" if column == "note" else None
    if column in TEXT:
        return cell
    return float(cell) if not cell.isdigit() else int(cell)
