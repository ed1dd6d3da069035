"""The quality and the subsampling of a JPEG file, read back from its headers."""

import functools

import numpy as np

# Annex K of ITU-T T.81, row by row, as libjpeg scales them; Pillow and OpenCV use libjpeg.
LUMA = np.array([
    *(16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55),
    *(14, 13, 16, 24, 40, 57, 69, 56, 14, 17, 22, 29, 51, 87, 80, 62),
    *(18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92),
    *(49, 64, 78, 87, 103, 121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99),
])  # fmt: skip
CHROMA = np.full((8, 8), 99)
CHROMA[:4, :4] = [[17, 18, 24, 47], [18, 21, 26, 66], [24, 26, 56, 99], [47, 66, 99, 99]]
CHROMA = CHROMA.ravel()
SUBSAMPLINGS = {(1, 1): "4:4:4", (2, 1): "4:2:2", (2, 2): "4:2:0", (1, 2): "4:4:0", (4, 1): "4:1:1"}


def table(base: np.ndarray, quality: int, largest: int = 255) -> np.ndarray:
    """A quantisation table as libjpeg makes it; largest: 255 in baseline files, else 32,767."""
    scale = 5000 // quality if quality < 50 else 200 - 2 * quality
    return np.clip((base * scale + 50) // 100, 1, largest)


@functools.cache
def _standard() -> dict[tuple, int]:
    """Qualities by their tables, luma alone and luma with chroma."""
    found = {}
    for largest in (255, 32_767):
        for quality in range(1, 101):
            luma, chroma = (tuple(table(b, quality, largest).tolist()) for b in (LUMA, CHROMA))
            found |= {(luma,): quality, (luma, chroma): quality}
    return found


def quality_of(tables: list) -> tuple[int, bool]:
    """The quality of quantisation tables, luma first, 64 numbers row by row each.

    Returns (quality, exact): for other than libjpeg's tables the quality whose luma table is
    nearest, by the mean ratio of the steps.
    """
    key = tuple(tuple(each) for each in tables[:2])
    if key in _standard():
        return _standard()[key], True
    steps = np.log(np.maximum(tables[0], 1))
    errors = [np.abs(steps - np.log(table(LUMA, q, 32_767))).mean() for q in range(1, 101)]
    return int(np.argmin(errors)) + 1, False


def subsampling(factors: list[tuple[int, int]]) -> str:
    """The usual name of the sampling factors of the components, (horizontal, vertical)."""
    if len(factors) == 1:
        return "grey"
    across, down = (max(1, factors[0][i] // factors[1][i]) for i in (0, 1))
    return SUBSAMPLINGS.get((across, down), f"chroma sampled 1:{across}x{down}")
