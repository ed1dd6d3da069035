"""What the domains say of their codecs, for rows of tables that may name neither."""

from types import SimpleNamespace

from helmholtz import domain
from helmholtz.codec import Codec
from helmholtz.schema import AMOUNT

UNKNOWN = Codec("", "unknown codec", "rate", "rate {}", "rate", (), (), None, None)
NEITHER = SimpleNamespace(name=None, item="item", flag="rate", codecs={}, published=UNKNOWN)
UNREADABLE = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)


def of(row: dict):
    """The domain of a row; NEITHER of one that does not say."""
    return domain.get(row["domain"]) if row["domain"] in domain.NAMES else NEITHER


def codec(row: dict) -> Codec:
    """The codec of a row; of a row without one the published codec of its domain."""
    own = of(row)
    return own.codecs.get(row["codec"], UNKNOWN) if row["codec"] else own.published


def extent(row: dict, setting: dict) -> float | None:
    """The pixels of an image or the seconds of a clip of a run, as far as setting.json tells."""
    try:
        found = float(of(row).extent(setting["data"]))
    except UNREADABLE:
        return None
    return found if 0 < found < AMOUNT.high else None


def rate_name(row: dict) -> str:
    """The rate of a row, as text for a sentence."""
    return codec(row).rate_name(row["rate"])


def of_folder(name: str) -> tuple[str, str, int] | None:
    """Domain, codec and rate of the folder of a rate, as quality_5; None of another folder."""
    prefix, _, rate = name.rpartition("_")
    if rate.isascii() and rate.isdigit() and len(rate) < 5:
        for own in map(domain.get, domain.NAMES):
            for known in own.codecs.values():
                if known.prefix == prefix:
                    return own.name, known.name, int(rate)
    return None
