"""What a preparation has found, in a few sentences for people."""

from helmholtz.data import listing
from helmholtz.text import counted, megabytes


def describe(facts: dict, parts: dict) -> dict:
    """Attributes to store with prepared data: "found", sentences for the terminal and the report.

    facts: the other attributes; those of a folder have its "audit" and what was "ignored". parts:
    for every split a pair of items and labels.
    """
    splits = " and ".join(f"{len(labels):,} {split}" for split, (_, labels) in parts.items())
    count = len(facts["classes"])
    said = [f"{count:,} {'class' if count == 1 else 'classes'}; {splits} items."]
    if audit := facts.get("audit"):
        said.append(_files(audit, facts))
    if facts["skipped"]:
        said.append(f"Skipped: {counted(facts['skipped'], 'file')}.")
    if facts.get("ignored"):
        said.append(f"Ignored: {listing.listed(facts['ignored'])}.")
    return {"found": " ".join(said)}


def resized_to(facts: dict) -> str:
    """The size that images of a folder are resized to, "32 x 32 pixels"; "" where they have it,
    or are no images. facts: attributes of prepared data."""
    sizes = (facts.get("audit") or {}).get("sizes", "")
    side = "{0} x {0} pixels".format(facts.get("size"))
    return side if "size" in facts and sizes not in ("", side) else ""


def _files(audit: dict, facts: dict) -> str:
    """The files of a folder, as the audit found them, and what is made of their size."""
    size = f"{megabytes(audit['bytes'])} in {counted(audit['files'], 'file')}"
    if side := resized_to(facts):
        side = f"resized to {side} {'after' if facts.get('full_size') else 'before'} compression"
    size = ", ".join(filter(None, [size, audit["sizes"], side]))
    return f"{size}. Went through: {audit['prior'] or 'no lossy codec that was found'}."
