"""Contact sheets: the same few test items at every rate that was prepared, to look at and hear."""

import io
import wave
from importlib import import_module
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from PIL import Image

from helmholtz.data import datadir
from helmholtz.errors import DataError, MachineError, UsageError
from helmholtz.io import store
from helmholtz.report.advice import RATE_FLAGS, rate_name
from helmholtz.report.charts import WIDTH
from helmholtz.report.summary import height

PREPARED = Path(__file__).parents[2]  # above cifar/data and audio/data
IMAGES, SOUNDS = 6, 3  # columns of a sheet
LONGEST = 10  # seconds of a clip to listen to
PACKED = 500  # images that the lossless size is the mean of


def prepared(domain: str, source: str | None, data: str | None) -> dict[int, Path]:
    """The prepared test splits of a source by rate, highest first; data as in runs.csv."""
    name = RATE_FLAGS.get(domain)
    if not (name and source and data):
        return {}
    found = {}
    root = datadir.data_root(domain, PREPARED / domain / "data", None)
    for path in (root / source).glob(f"{name}_*/test.h5"):
        rate = path.parent.name.removeprefix(f"{name}_")
        if rate.isdigit():
            found[int(rate)] = path
    return dict(sorted(found.items(), key=lambda item: -height(item[0])))


def read(paths: dict[int, Path], data: str) -> dict[int, tuple]:
    """By rate (items, labels, bytes an item), of what is whole and of this very data."""
    found = {}
    for rate, path in paths.items():
        try:
            arrays, attributes = store.read(path)
        except (DataError, OSError):
            continue
        if str(attributes.get("fingerprint", ""))[:8] == data:
            size = attributes["file_bytes"] / attributes["items"]
            found[rate] = (arrays["data"], arrays["label"], size)
    return found


def lossless_bytes(paths: dict[int, Path], data: str) -> float | None:
    """The mean size of an uncompressed image as PNG, which removes what is redundant and nothing
    else; None where there is no uncompressed image."""
    items = read({0: paths[0]}, data) if 0 in paths else {}
    if not items or items[0][0].dtype != np.uint8:
        return None
    return float(np.mean([png_bytes(image) for image in items[0][0][:PACKED]]))


def png_bytes(image: np.ndarray) -> int:
    """The size of an image, uint8, height x width x 3, as a PNG file."""
    file = io.BytesIO()
    Image.fromarray(image).save(file, "PNG", optimize=True)
    return file.tell()


def sheet(domain: str, items: dict[int, tuple], rows: list[dict]) -> Figure | None:
    """A row a rate, a column an item, beside it the bytes and the accuracies. Items as of read."""
    if not items:
        return None
    columns = IMAGES if domain == "cifar" else SOUNDS
    chosen = _of_different_classes(next(iter(items.values()))[1], columns)
    tall = 0.66 if domain == "cifar" else 0.75
    made = Figure(figsize=(WIDTH, tall * len(items)))
    left = 1.42 / WIDTH
    cells = made.add_gridspec(
        len(items), len(chosen), left=left, right=1, bottom=0, top=1, wspace=0.04, hspace=0.06
    )
    for i, (rate, (arrays, _, size)) in enumerate(items.items()):
        middle = 1 - (i + 0.5) / len(items)
        made.text(0.005, middle, _label(domain, rate, size, rows), fontsize=8.5, va="center")
        for j, index in enumerate(chosen):
            _show(made.add_subplot(cells[i, j]), arrays[index])
    return made


def _of_different_classes(labels: np.ndarray, count: int) -> list[int]:
    """The first item of every class, as many as asked for."""
    _, first = np.unique(labels, return_index=True)
    return [int(i) for i in first[:count]]


def _label(domain: str, rate: int, size: float, rows: list[dict]) -> str:
    accuracy = [row for row in rows if row["rate"] == rate]
    text = f"{rate_name(domain, rate)}\n{size:,.0f} bytes\n"
    return text + (f"accuracy {accuracy[0]['accuracy']:.3f}" if accuracy else "not trained")


def _show(axes, item: np.ndarray) -> None:
    axes.set_axis_off()
    if item.dtype == np.uint8:
        axes.imshow(item, interpolation="nearest")
    else:  # a mel spectrogram in decibels, mels x frames x channels
        axes.imshow(item[..., 0].astype(np.float32), origin="lower", aspect="auto", cmap="cividis")


def sounds(flags: dict, rates: list[int]) -> tuple[dict[int, tuple[str, bytes]], str]:
    """One test clip at every rate, as (media type, file), and why there is none, if so.

    The sound half is imported by name and only here: the report works without it.
    """
    if flags.get("source") == "idmt":
        return {}, "IDMT's licence does not allow its sounds to be passed on, not even in a page."
    try:
        sources, mp3 = import_module("audio.sources"), import_module("audio.mp3")
        _, parts, _ = sources.open_source(flags["source"]).load()
        clip = sources.read_clip(parts["test"][0][0], bool(flags.get("mono")), flags.get("dur"))
        pcm = mp3.to_pcm(clip[: LONGEST * sources.RATE])
        return {rate: _file(mp3, pcm, rate, sources.RATE) for rate in rates}, ""
    except (
        ImportError,
        KeyError,
        DataError,
        MachineError,
        UsageError,
        OSError,
        ValueError,
    ) as error:
        return {}, f"The sounds cannot be played here ({error})."


def _file(mp3, pcm: np.ndarray, rate: int, hertz: int) -> tuple[str, bytes]:
    if rate:
        return "audio/mpeg", mp3.encode(pcm, rate, mp3.encoder())
    file = io.BytesIO()
    with wave.open(file, "wb") as wav:
        wav.setparams((pcm.size // len(pcm), 2, hertz, 0, "NONE", ""))
        wav.writeframes(pcm.astype("<i2").tobytes())
    return "audio/wav", file.getvalue()
