"""The embedded data set: drawn objects seen through a noisy camera.

Ten shapes of random place, size, angle and colour before a random background are drawn without
noise; each shape and what surrounds it have colours that they often resemble, as a ship and the sea
do. A camera then adds shot noise, which grows with the light, and read noise, which does not. How
many bits of each image are noise is therefore known: see noise_bits.
"""

import functools

import cv2
import numpy as np
from scipy.special import ndtr, xlogy

SEED = 2018
ITEMS = {"train": 10_000, "test": 2_000}
CLASSES = [
    "disc",
    "ring",
    "square",
    "frame",
    "triangle",
    "star",
    "cross",
    "crescent",
    "arrow",
    "hourglass",
]
SIZE = 32
OVERSAMPLING = 4  # drawn larger, then averaged: anti-aliasing
TYPICAL = 0.5  # how much of a colour is the class's own: 0 is none, 1 is all
READ_NOISE = 4.0  # standard deviation, in digital numbers of 0..255
ELECTRONS = 4.0  # a digital number; shot noise has the variance value / ELECTRONS

# Outlines in units of the object's radius, around its centre.
_ANGLES = np.arange(10) * np.pi / 5
_STAR = np.stack([np.sin(_ANGLES), -np.cos(_ANGLES)], 1) * np.array([[1], [0.42]] * 5)
OUTLINES = {
    "square": [(-0.8, -0.8), (0.8, -0.8), (0.8, 0.8), (-0.8, 0.8)],
    "frame": [(-0.8, -0.8), (0.8, -0.8), (0.8, 0.8), (-0.8, 0.8)],
    "triangle": [(0, -1), (0.87, 0.5), (-0.87, 0.5)],
    "star": _STAR,
    "cross": [
        *[(-0.28, -1), (0.28, -1), (0.28, -0.28), (1, -0.28), (1, 0.28), (0.28, 0.28)],
        *[(0.28, 1), (-0.28, 1), (-0.28, 0.28), (-1, 0.28), (-1, -0.28), (-0.28, -0.28)],
    ],
    "arrow": [(0, -1), (0.8, -0.1), (0.3, -0.1), (0.3, 1), (-0.3, 1), (-0.3, -0.1), (-0.8, -0.1)],
    "hourglass": [(-0.7, -0.9), (0.7, -0.9), (-0.7, 0.9), (0.7, 0.9)],
}


def make(split: str, items: int | None = None) -> tuple[np.ndarray, np.ndarray, float]:
    """Draw a split: "train" or "test".

    Returns (images, labels, noise): uint8 RGB items x 32 x 32 x 3, int64, and the true noise in
    bits an image, the mean of noise_bits.
    """
    rng = np.random.default_rng([SEED, list(ITEMS).index(split)])
    items = items or ITEMS[split]
    labels = np.arange(items) % len(CLASSES)
    images, bits = np.empty((items, SIZE, SIZE, 3), np.uint8), 0.0
    for i, label in enumerate(labels):
        scene = draw(CLASSES[label], rng)
        images[i] = photograph(scene, rng)
        bits += noise_bits(scene)
    return images, labels, bits / items


def draw(name: str, rng: np.random.Generator) -> np.ndarray:
    """A scene without noise: float32, 32 x 32 x 3, in 0..255."""
    size = SIZE * OVERSAMPLING
    back, front = _two_colours(CLASSES.index(name), rng)
    slope = rng.uniform(-30, 30, (2, 3)) * np.linspace(-0.5, 0.5, SIZE)[:, None, None]
    background = back + slope[:, None, 0] + slope[None, :, 1]  # lit from one side
    mask = np.zeros((size, size), np.uint8)
    radius = rng.uniform(0.22, 0.4) * size
    centre = rng.uniform(radius, size - radius, 2)
    _fill(mask, name, centre, radius, rng.uniform(-np.pi / 8, np.pi / 8))
    share = cv2.resize(mask, (SIZE, SIZE), interpolation=cv2.INTER_AREA)[..., None] / 255
    return (background + share * (front - background)).astype(np.float32)


def photograph(scene: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """What the camera delivers of a scene: uint8, same shape."""
    noise = _deviation(scene) * rng.standard_normal(scene.shape, np.float32)
    return np.clip(np.rint(scene + noise), 0, 255).astype(np.uint8)


def noise_bits(scene: np.ndarray) -> float:
    """Entropy, in bits, of the photograph of a scene given the scene: what is noise in it."""
    lowest, step, entropies = _entropies()
    return float(entropies[np.rint((scene - lowest) / step).astype(int)].sum())


def _deviation(scene: np.ndarray) -> np.ndarray:
    return np.sqrt(READ_NOISE**2 + np.clip(scene, 0, None) / ELECTRONS)


@functools.cache
def _entropies() -> tuple[float, float, np.ndarray]:
    """H of round(clip(level + noise)), sum of -p log2 p over 0..255, for levels a step apart."""
    lowest, step = -64.0, 1 / 16  # a scene is within -30..265
    level = np.arange(lowest, 320, step)
    edges = np.concatenate([[-np.inf], np.arange(0.5, 255), [np.inf]])
    below = ndtr((edges - level[:, None]) / _deviation(level)[:, None])
    p = np.diff(below, axis=1)
    return lowest, step, -xlogy(p, p).sum(axis=1) / np.log(2)


def _two_colours(label: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Background and object, apart enough in brightness to be told apart."""
    hue = 2 * np.pi * (label / len(CLASSES) + np.arange(3) / 3)
    while True:
        back, front = rng.uniform(20, 235, (2, 3))
        front += TYPICAL * (127 + 107 * np.cos(hue) - front)
        back += TYPICAL * (127 - 107 * np.cos(hue) - back)
        if abs(back.mean() - front.mean()) > 40:
            return back, front


def _fill(mask: np.ndarray, name: str, centre: np.ndarray, radius: float, angle: float) -> None:
    """Set the object's pixels of a mask to 255."""
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])

    def disc(scale: float, value: int, offset=(0.0, 0.0)):
        x, y = centre + radius * turn @ np.array(offset)
        cv2.circle(mask, (round(x), round(y)), round(scale * radius), value, cv2.FILLED)

    def polygon(scale: float, value: int):
        points = centre + scale * radius * np.array(OUTLINES[name]) @ turn.T
        cv2.fillPoly(mask, [np.rint(points).astype(np.int32)], value)

    if name in ("disc", "ring", "crescent"):
        disc(1, 255)
        if name == "ring":
            disc(0.55, 0)
        if name == "crescent":
            disc(0.85, 0, (0.45, 0))
    else:
        polygon(1, 255)
        if name == "frame":
            polygon(0.5, 0)
