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
    names, verb = ", ".join(map(codec.rate_name, above)), "is" if len(above) == 1 else "are"
    said = f"The files were already compressed at {codec.rate_name(own)}: {names} {verb} above that"
    return f"{said} and restore{'s' * (len(above) == 1)} nothing." if above else ""
