"""CSV tables of rows, written and read back without a change."""

import json
from pathlib import Path

import pandas as pd

from helmholtz.errors import DataError
from helmholtz.io.files import write_text
from helmholtz.schema import Field

DTYPES = {str: "object", int: "Int64", float: "float64", dict: "object"}
REFUSALS = (OSError, ValueError, TypeError, KeyError, OverflowError, RecursionError)


def frame(rows: list[dict] | pd.DataFrame, schema: dict[str, Field]) -> pd.DataFrame:
    """Rows as a table with a column for every field of the schema; None is missing."""
    return pd.DataFrame(rows, columns=list(schema)).astype(_dtypes(schema))


def records(table: pd.DataFrame) -> list[dict]:
    """The rows of a table as dictionaries; what is missing is None."""
    return table.astype(object).where(table.notna(), None).to_dict("records")


def write(path: Path, rows: list[dict] | pd.DataFrame, schema: dict[str, Field]) -> None:
    """Write rows as CSV. A missing value is an empty cell, and a float has all its digits."""
    table = frame(rows, schema)
    for name in (name for name, field in schema.items() if field.kind is dict):
        table[name] = table[name].map(json.dumps)
    write_text(path, table.to_csv(index=False, lineterminator="\n"))


def read(path: Path, schema: dict[str, Field], adapt=lambda table: table) -> list[dict]:
    """The rows that write was given; else as read_frame."""
    return records(read_frame(path, schema, adapt))


def read_frame(path: Path, schema: dict[str, Field], adapt=lambda table: table) -> pd.DataFrame:
    """The table that write was given. Raises DataError when the file holds something else.

    adapt: makes the table of an earlier version one of this schema.
    """
    try:
        table = pd.read_csv(
            path, dtype=object, keep_default_na=False, na_values=[""], index_col=False
        )
        table = adapt(table)[list(schema)].astype(_dtypes(schema))
        for name, field in schema.items():
            if field.kind is dict:
                table[name] = table[name].map(json.loads)
            elif field.kind is not str and not (
                table[name].dropna().between(field.low, field.high).all()
            ):
                raise ValueError(f"{name} is not from {field.low} to {field.high}")
    except REFUSALS as error:
        raise DataError(f"{path} is not a table that a report wrote ({error}).") from error
    return table


def _dtypes(schema: dict[str, Field]) -> dict:
    return {name: DTYPES[field.kind] for name, field in schema.items()}
