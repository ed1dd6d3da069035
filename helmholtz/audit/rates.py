"""Rates above the one that the files themselves went through."""

from collections.abc import Iterable

from helmholtz.codec import Codec


def above(codec: str, name: str | None, own: int | None, rates: Iterable[int]) -> list[int]:
    """The rates of a codec above the files' own, sorted.

    name, own: the "codec" and "rate" of an audit; "jpeg" is of jpeg444 too.
    """
    known = name and own and codec.startswith(name)
    return sorted(rate for rate in rates if known and rate > own)


def above_source(codec: Codec, name: str | None, own: int | None, rates: Iterable[int]) -> str:
    """A sentence on those of above, or ""."""
    found = above(codec.name, name, own, rates)
    if not found:
        return ""
    names = ", ".join(map(codec.rate_name, found))
    verbs = ("is", "restores") if len(found) == 1 else ("are", "restore")
    said = f"The files were already compressed at {codec.rate_name(own)}"
    return f"{said}: {names} {verbs[0]} above that and {verbs[1]} nothing."
