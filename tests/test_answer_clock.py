"""The time of answer.py: durations, and what its clock expects."""

from argparse import ArgumentTypeError

import pytest

from helmholtz.answer.clock import Clock, OutOfTime, duration, spoken


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90s", 90), ("30m", 1800), ("2h", 7200), ("1h30m", 5400), ("0.5h", 1800), ("0m30s", 30)],
)
def test_a_duration_is_read(text, seconds):
    assert duration(text) == seconds


@pytest.mark.parametrize("text", ["", "30", "m", "0m", "0h0m", "1h 30m", "-5m", "5x"])
def test_what_is_no_duration_is_refused(text):
    with pytest.raises(ArgumentTypeError, match="such as 90s, 30m or 2h"):
        duration(text)


def test_durations_are_spoken():
    assert [spoken(s) for s in (50, 720, 9000)] == ["50 s", "12 minutes", "2.5 hours"]


class Watch:
    """A clock to set."""

    time = 0.0

    def __call__(self):
        return self.time


def two_epochs_of(seconds, epochs):
    """A clock of two minutes whose first run has the second of so many epochs."""
    watch = Watch()
    clock = Clock(120, now=watch)
    clock.start()
    for epoch, watch.time in ((1, seconds), (2, 2 * seconds)):
        clock.watch(epoch, epochs)
    return clock


def test_the_clock_expects_what_epochs_and_then_runs_let_expect():
    watch = Watch()
    clock = Clock(1000, now=watch)
    assert clock.expected is None
    assert clock.fits(1)
    clock.start()
    for epoch, watch.time in ((1, 20.0), (2, 25.0), (3, 30.0)):
        clock.watch(epoch, 10)
    assert clock.expected == pytest.approx(65, abs=3)
    watch.time = 70.0
    clock.end(1)
    assert clock.expected == pytest.approx(1.05 * 70)
    watch.time = 930.0
    assert not clock.fits(1)
    clock.check()
    watch.time = 999.0
    with pytest.raises(OutOfTime):
        clock.check()


def test_a_first_run_that_cannot_end_in_time_is_stopped_at_once():
    with pytest.raises(OutOfTime):
        two_epochs_of(20.0, 100).check()


def test_of_unknown_epochs_nothing_is_expected():
    """An own network's recipe is not known before it is built."""
    assert two_epochs_of(8.0, 0).expected is None
