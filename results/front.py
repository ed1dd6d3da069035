"""The front page's figure and table, and those of the studies' pages, from the committed summaries.

python results/front.py

Writes results/front.png and prints the tables as they stand in README.md and in the README.md of
each study. The photographs of the studies are not ours to publish: what is shown decoded is drawn
by cifar/sample.py.
"""

import re
from pathlib import Path

from matplotlib.figure import Figure

from cifar import jpeg, sample
from helmholtz import domain
from helmholtz.analysis import domains, tables
from helmholtz.analysis.experiments import rate_order
from helmholtz.analysis.wording import ends
from helmholtz.report import charts
from helmholtz.schema import SUMMARY
from helmholtz.text import markdown

RESULTS = Path(__file__).parent
NETWORKS = {"images": "all-cnns", "sound": "cnn_x3_mlp_0"}  # setting 0: the one with all seeds
NETWORKS |= dict.fromkeys(("lossless", "qualities", "imagenette", "drums"), "quick")
PUBLISHED = [domain.get(half).published.name for half in ("cifar", "audio")]
SOURCES = {"imagenette": "nette-7f44ab58-full"}  # of several the one on the front page
ITEMS = {"images": "an image", "sound": "a clip", "lossless": "an image", "drums": "a clip"}
ITEMS["imagenette"] = "an image"
TESTED_ONCE = (
    "lossless",
    "qualities",
    "published",
    "imagenette",
    "noise",
    "drums",
    "machines",
    "digits",
)
SHOWN = {"accuracy": "{:.3f}", "difference": "{:+.3f}"}
SHOWN |= {"test_acc": "{:.3f}", "test_difference": "{:+.3f}"}
TESTED = ("test_acc", "test_difference")
JUDGED = {"test_acc": "{:.4f}", "test_difference": "{:+.3f}"}
SHORT = {
    "lossless": ("images of 32 x 32 pixels", (0, 100, 90)),
    "imagenette": ("photographs of 224 x 224 pixels", (0, 50, 10)),
    "drums": ("drum sounds", (0, 64)),
}
WAY = re.compile(r"-[0-9a-f]{8}(?:-(\d+)px)?(-full)?$")  # of the name of a folder's source
OBJECTS = (3, 8)  # test images of the sample that are shown
UNCOMPRESSED = ("uncompressed", "right", -14)  # the label, and where it is
DECODED = (0, 100, 75, 25, 5, 1)  # and at which qualities


def read(study: str) -> list[dict]:
    """Rows of summary.csv of a study's first network and the published codec, highest first."""
    rows = tables.read(RESULTS / study / "summary.csv", SUMMARY)
    source = SOURCES.get(study)
    own = [row for row in rows if row["model"] == NETWORKS[study] and row["codec"] in PUBLISHED]
    own = [row for row in own if source in (None, row["source"])]
    return sorted(own, key=lambda row: -rate_order(row["rate"]))


def table(rows: list[dict], item: str) -> str:
    """The rows as a Markdown table: means, with 95 % intervals in brackets."""
    columns = ["", f"bytes {item}", "seeds", "accuracy", "change", "test accuracy", "change"]
    lines = []
    for row in rows:
        cells = [domains.rate_name(row), f"{row['file_bytes']:,.0f}", str(row["seeds"])]
        cells += [_with_interval(row, *shown) for shown in SHOWN.items()]
        lines.append([*cells, f"{row['seconds']:,.0f}"])
    return markdown([*columns, "seconds a run"], lines)


def tests_table(study: str) -> str:
    """All networks, codecs and rates of a study whose runs are judged once, as a Markdown table."""
    rows = sorted(tables.read(RESULTS / study / "summary.csv", SUMMARY), key=_place)
    columns = ["network", "trained and tested at", "seeds", "test accuracy", "change"]
    if rows[0]["model"] != _first(rows[0], rows):
        columns[0] = "data"
    lines = []
    for row in rows:
        cells = [_first(row, rows), domains.rate_name(row), str(row["seeds"])]
        cells += [_with_interval(row, name, form) for name, form in JUDGED.items()]
        cells += [f"{row[name]:,.0f}" for name in ("file_bytes", "scan_bytes")]
        lines.append(cells)
    return markdown([*columns, "bytes", "payload"], lines)  # uncompressed is of every codec


def _first(row: dict, rows: list[dict]) -> str:
    """What tells apart the rows of a study: its halves, its sources, or its networks."""
    if len({other["domain"] for other in rows}) > 1:
        return f"{domains.of(row).item}s"
    return _way(row["source"]) if len({other["source"] for other in rows}) > 1 else row["model"]


def _place(row: dict) -> tuple:
    """Largest networks first; uncompressed, then codec by codec from the highest rate."""
    source = len(row["source"]), row["source"]
    return source, -row["parameters"], row["rate"] > 0, row["codec"], -row["rate"]


def _way(source: str) -> str:
    """When a source's images are brought to which size."""
    pixels, full = WAY.search(source).groups()
    side = pixels or 32
    return f"{side} x {side}, resized {'after' if full else 'before'} compression"


def short_table(studies: dict[str, list[dict]]) -> str:
    """A few rates of every study as a Markdown table."""
    lines = []
    for study, rows in studies.items():
        items, rates = SHORT[study]
        for row in [row for row in rows if row["rate"] in rates]:
            cells = [f"{items}, {domains.rate_name(row)}", f"{row['file_bytes']:,.0f}"]
            cells += [_with_interval(row, name, SHOWN[name]) for name in TESTED]
            lines.append(cells)
    return markdown(["", "bytes", "test accuracy", "change"], lines)


def _with_interval(row: dict, name: str, form: str) -> str:
    if row[name] is None:
        return ""
    low, high = ends(row, f"{name}_")
    shown = "" if low is None else f" ({form.format(low)} to {form.format(high)})"
    return form.format(row[name]) + shown


def figure(studies: dict[str, list[dict]]):
    """Accuracy against bits, a panel a study; below, two drawn images at some qualities."""
    made = Figure(figsize=(2 * charts.WIDTH, 6.2), layout="constrained")
    above, below = made.subfigures(2, height_ratios=(3.3, 2.9))
    for number, (axes, (study, rows)) in enumerate(
        zip(above.subplots(1, len(studies)), studies.items(), strict=True)
    ):
        _accuracy(axes, study, rows, number)
    grid = below.subplots(len(OBJECTS), len(DECODED))
    for cells, index in zip(grid, OBJECTS, strict=True):
        for axes, rate in zip(cells, DECODED, strict=True):
            _decoded(axes, rate, sample.make("test", 20)[0][index])
    return made


def _accuracy(axes, study: str, rows: list[dict], number: int) -> None:
    ordered = sorted(rows, key=lambda row: row["scan_bytes"])
    bits = [8 * row["scan_bytes"] / 1000 for row in ordered]
    charts.points(axes, bits, ordered, "test_acc", number, study)
    named = charts.thinned(bits, 1.35)
    for x, row in zip(bits, ordered, strict=True):
        name, side, up = (str(row["rate"]), "center", 4) if row["rate"] else UNCOMPRESSED
        at = (x, ends(row, "test_acc_")[up > 0] or row["test_acc"])
        text = name if x in named else ""
        axes.annotate(text, at, (0, up), textcoords="offset points", ha=side, fontsize=9)
    charts.log_axis(axes, charts.round_numbers(axes), "{:g}", fontsize=9)
    axes.set_ylim(0, 1.1 * max(ends(row, "test_acc_")[1] or row["test_acc"] for row in rows))
    axes.axhline(rows[0]["chance"], color="#888888", linestyle=":", linewidth=1)
    axes.set_xlabel(f"payload kilobits {ITEMS[study]}, {domains.codec(rows[0]).title}")
    axes.set_ylabel("test accuracy")
    axes.set_title(SHORT[study][0])


def _decoded(axes, rate: int, pixels) -> None:
    """One image at a quality, with its size as a file."""
    size = pixels.nbytes
    if rate:
        pixels, size, _ = jpeg.compress(pixels, rate)
    axes.imshow(pixels, interpolation="nearest")
    name = domain.get("cifar").published.rate_name(rate)
    axes.set_title(f"{name}\n{size:,} bytes", fontsize=9)
    axes.set_axis_off()


def main() -> None:
    front = {study: read(study) for study in SHORT}
    print(short_table(front), end="\n\n")
    for study in ("images", "sound"):
        print(table(read(study), ITEMS[study]), end="\n\n")
    for study in TESTED_ONCE:
        print(study, tests_table(study), sep="\n", end="\n\n")
    with charts.styled():
        figure(front).savefig(RESULTS / "front.png", dpi=160, metadata={"Software": None})


if __name__ == "__main__":
    main()
