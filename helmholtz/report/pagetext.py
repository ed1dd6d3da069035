"""The words and the look of the report's page."""

CSS = """
:root { font: 16px/1.5 system-ui, sans-serif; color: #1a1a1a; background: #fff; }
body { max-width: 1200px; margin: 0 auto; padding: 1rem; overflow-wrap: anywhere; }
h1 { font-size: 1.7rem; margin: .5rem 0; }
h2 { font-size: 1.3rem; margin: 2rem 0 0; border-top: 1px solid #ccc; padding-top: 1rem; }
h3 { font-size: 1.05rem; margin: 1rem 0 .3rem; }
.made { color: #555; margin: .2rem 0 1rem; font-size: .9rem; }
.answer { border-left: 4px solid #0072B2; padding: .1rem 0 .1rem 1rem; margin: 1rem 0; }
.answer p:first-of-type { font-size: 1.1rem; }
.figures { display: grid; gap: 1.5rem; align-items: start;
  grid-template-columns: repeat(auto-fit, minmax(min(100%, 480px), 1fr)); }
figure { margin: 0; }
figure img { width: 100%; max-width: 600px; height: auto; display: block; }
figcaption { font-size: .88rem; color: #444; }
.sounds { display: grid; gap: .8rem; grid-template-columns: repeat(auto-fill, minmax(260px, 1fr)); }
audio { width: 100%; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-size: .88rem; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: .25rem .8rem .25rem 0; border-bottom: 1px solid #ddd;
  white-space: nowrap; }
.runs td:nth-child(3) { white-space: normal; min-width: 14rem; }
pre { background: #f4f4f4; padding: .5rem; font-size: .82rem; white-space: pre-wrap; }
summary { cursor: pointer; margin: 1rem 0 .5rem; }
"""

# How to read the report. {tolerance} is that of the command.
METHOD = """
Accuracy is that of the validation items, as published: the mean of a run's ten best epochs. A
star marks runs of fewer than 20 epochs: the ten best are most of them, the first among them, so
that their mean lies well below the best epoch. Below 15 epochs the best epoch, which train.py
prints, stands in its place. Test accuracy, where
a test split was kept apart, is of the best epoch's weights. A run converges at the first epoch
from which ten epochs' mean accuracy is above 0.99 of its best epoch.

Intervals are 95 % intervals of the mean over seeds by Student's t. They take the runs of
different seeds as independent and normally distributed, hold for each rate by itself, and tell
how much of a difference is luck of the seed; they do not tell how the result would change with
other data. What an accuracy cannot be, below 0 or above 1, is cut off. One seed has no interval.
 Differences to the uncompressed runs are paired by seed
where the seeds are the same, else the interval is Welch's.

The rate to choose is the lowest whose mean accuracy over seeds is at least (1 - {tolerance}) of
that of the uncompressed runs, as is that of every higher rate. Margin is the accuracy less that
bound, in points. "Within" and "beyond" are sure at 95 %; "probably within" and "perhaps beyond"
are not: the other side of the bound is inside the interval.

The Helmholtz measure (Friedland et al. 2020, after Helmholtz's F = U - TS): U is the raw size
of an item in bits, F its size at the rate to choose, and U - F what was noise to this network.
It can miss the truth both ways: a codec also removes what is redundant, and a network needs not
all that is content, which counts as noise here; and what noise the codec still carries at that
rate counts as content. "Without redundancy" starts from the size as PNG in place of U. Whole
files include headers and tables, about 620 bytes of a small JPEG; scans do not.

Runs that are still going, stopped, damaged, diverged (a loss or accuracy that is no number) or
that repeat a seed are listed and not counted. Times to converge are compared only between runs
on the same device.
"""
