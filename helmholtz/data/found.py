"""What a preparation has found, in a few sentences for people."""

from helmholtz.data import listing
from helmholtz.text import counted


def describe(facts: dict, parts: dict) -> dict:
    """Attributes to store with prepared data: "found", sentences for the terminal and the report.

    facts: the other attributes; those of a folder have its "audit" and what was "ignored". parts:
    for every split a pair of items and labels.
    """
    splits = " and ".join(f"{len(labels):,} {split}" for split, (_, labels) in parts.items())
    count = len(facts["classes"])
    said = [f"{count:,} {'class' if count == 1 else 'classes'}; {splits} items."]
    if audit := facts.get("audit"):
        said.append(_files(audit))
    if facts["skipped"]:
        said.append(f"Skipped: {counted(facts['skipped'], 'file')}.")
    if facts.get("ignored"):
        said.append(f"Ignored: {listing.listed(facts['ignored'])}.")
    return {"found": " ".join(said)}


def _files(audit: dict) -> str:
    """The files of a folder, as the audit found them."""
    size = f"{audit['bytes'] / 1e6:,.1f} MB in {counted(audit['files'], 'file')}"
    size = ", ".join(filter(None, [size, audit["sizes"]]))
    return f"{size}. Went through: {audit['prior'] or 'no lossy codec that was found'}."
