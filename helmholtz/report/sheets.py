"""Contact sheets: the same few test items at every rate that was prepared."""

import numpy as np
from matplotlib.figure import Figure

from helmholtz.analysis import domains
from helmholtz.analysis.experiments import Experiment
from helmholtz.report.charts import WIDTH

IMAGES, SPECTROGRAMS = (6, 0.66), (3, 0.75)  # columns, and inches of a row
LEFT = 1.42  # inches for the names of the rates


def sheet(experiment: Experiment, items: dict[int, tuple]) -> Figure | None:
    """A row a rate, a column an item, beside it the bytes and the accuracy; see prepared.read."""
    if not items:
        return None
    arrays, labels, _ = next(iter(items.values()))
    columns, tall = IMAGES if arrays.dtype == np.uint8 else SPECTROGRAMS
    chosen = np.unique(labels, return_index=True)[1][:columns]  # the first item of every class
    made = Figure(figsize=(WIDTH, tall * len(items)))
    cells = made.add_gridspec(
        len(items), len(chosen), left=LEFT / WIDTH, right=1, bottom=0, top=1, wspace=0.04,
        hspace=0.06,
    )  # fmt: skip
    for i, (rate, (arrays, _, size)) in enumerate(items.items()):
        shown = arrays[chosen]  # all that is read
        text = _label(experiment, rate, size)
        made.text(0.005, 1 - (i + 0.5) / len(items), text, fontsize=8.5, va="center")
        for j, item in enumerate(shown):
            _show(made.add_subplot(cells[i, j]), item)
    return made


def _label(experiment: Experiment, rate: int, size: float) -> str:
    row = experiment.rows.get(rate)
    accuracy = f"accuracy {row['accuracy']:.3f}" if row else "not trained"
    return f"{domains.codec(experiment.key).rate_name(rate)}\n{size:,.0f} bytes\n{accuracy}"


def _show(axes, item: np.ndarray) -> None:
    axes.set_axis_off()
    if item.dtype == np.uint8:
        axes.imshow(item, interpolation="nearest")
    else:  # a mel spectrogram in decibels, mels x frames x channels
        axes.imshow(item[..., 0].astype(np.float32), origin="lower", aspect="auto", cmap="cividis")
