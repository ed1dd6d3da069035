"""Rates above the one that the files themselves went through."""

from collections.abc import Sequence

from helmholtz.codec import Codec


def above_source(codec: Codec, name: str | None, own: int | None, rates: Sequence[int]) -> str:
    """A sentence on the rates of a codec above the files' own, or "".

    name, own: the "codec" and "rate" of an audit; "jpeg" is of jpeg444 too.
    """
    if not name or not own or not codec.name.startswith(name):
        return ""
    above = sorted(rate for rate in rates if rate > own)
    verb = "is" if len(above) == 1 else "are"
    names = ", ".join(map(codec.rate_name, above))
    said = f"The files were compressed at {codec.rate_name(own)} before: {names} {verb} above it, "
    return said + "which restores nothing." if above else ""
