"""Decisions on rates, looked at again and again: levels, verdicts, and which run is worth it."""

import numpy as np
import pytest
from scipy.stats import norm

from helmholtz.answer import choose, decide
from helmholtz.answer.spending import levels
from helmholtz.answer.tolerance import Tolerance

ORDER = [90, 75, 50, 25, 10]


def test_levels_are_those_of_lan_and_demets():
    published = [2.438, 2.427, 2.410, 2.397, 2.386]  # five looks, 0.05 on two sides
    np.testing.assert_allclose(norm.isf(levels(5, 0.025)), published, atol=0.003)


def test_a_true_hypothesis_is_rejected_at_any_look_as_often_as_allowed():
    steps = np.random.default_rng(0).standard_normal((200_000, 10)).cumsum(axis=1)
    z = steps / np.sqrt(np.arange(1, 11))
    assert (z > norm.isf(levels(10, 0.025))).any(axis=1).mean() == pytest.approx(0.025, abs=0.0015)


def runs(rng, accuracies, seeds, items=4000, spread=0.002):
    """By rate and seed, which of the items are right; every accuracy varies between seeds."""
    hard = rng.random(items)
    return {
        rate: {s: hard < accuracy + spread * rng.standard_normal() for s in range(seeds)}
        for rate, accuracy in accuracies.items()
    }


def test_a_clear_loss_is_harmful_and_none_is_safe_with_what_lies_beyond_them():
    made = runs(np.random.default_rng(1), {0: 0.9, 75: 0.9, 25: 0.8}, 3)
    found = decide.margins(made, made.pop(0), Tolerance(0.01))
    assert decide.decide(found, ORDER) == {
        90: "safe", 75: "safe", 50: "open", 25: "harmful", 10: "harmful",
    }  # fmt: skip


def test_a_rate_at_the_tolerance_stays_open_and_so_does_what_lies_behind_it():
    made = runs(np.random.default_rng(2), {0: 0.9, 90: 0.891, 75: 0.9}, 4)
    found = decide.margins(made, made.pop(0), Tolerance(0.01))
    assert set(decide.decide(found, ORDER).values()) == {"open"}


def test_the_interval_agrees_with_what_was_decided_at_an_earlier_look():
    """Safe after three seeds, and worse in later ones: it stays safe, and the interval says so."""
    hard, tolerance = np.random.default_rng(5).random(4000), Tolerance(0.01)
    base, accuracies = hard < 0.9, [0.9] * 3 + [0.8885] * 5
    sample = np.stack([tolerance.margin(hard < accuracy, base) for accuracy in accuracies])
    cells, allowed = tolerance.margin(*np.indices((2, 2)).reshape(2, 4)), levels(10, 0.025)
    margin = decide._margin(sample, (1.6e-5, 40.0), cells, allowed)
    assert margin.safe <= 1
    assert margin.mean - margin.half < 0 < margin.low <= margin.mean <= margin.high


def test_one_seed_of_each_decides_nothing():
    made = runs(np.random.default_rng(3), {0: 0.9, 75: 0.9, 25: 0.5}, 1)
    found = decide.margins(made, made.pop(0), Tolerance(0.01))
    assert set(decide.decide(found, ORDER).values()) == {"open"}


def test_rates_are_tried_by_bisection_and_seeds_go_where_a_decision_is_open():
    rng, made, base = np.random.default_rng(4), {}, {}
    truth = {0: 0.9, 90: 0.9, 75: 0.9, 50: 0.9, 25: 0.82, 10: 0.7}
    tried = []
    for _ in range(60):
        found = decide.margins(made, base, Tolerance(0.01))
        wanted = choose.choose(made, base, found, ORDER)
        if not wanted:
            break
        rate, seed = wanted[0]
        tried.append(rate)
        one = runs(np.random.default_rng([5, seed]), {rate: truth[rate]}, 1)[rate][0]
        (made.setdefault(rate, {}) if rate else base)[seed] = one
        rng.random()
    assert tried[:3] == [0, 50, 25]
    assert 90 not in tried
    assert decide.decide(found, ORDER) == dict.fromkeys([90, 75, 50], "safe") | dict.fromkeys(
        [25, 10], "harmful"
    )
    assert len(tried) < 12


def margin(mean=0.0, safe=9.0, harmful=9.0):
    return decide.Margin(3, mean, mean - 0.01, mean + 0.01, 0.01, safe, harmful, 1e-6, 1e-6)


@pytest.mark.parametrize(
    ("means", "first"),
    [
        ({}, 50),
        ({50: -0.1}, 90),  # between nothing and 50
        ({90: -0.1}, None),  # the highest rate seems harmful: all others do, too
        ({50: 0.1}, 25),
        ({50: 0.1, 10: -0.1}, 25),
        ({50: 0.1, 25: -0.1}, None),
        ({75: -0.1, 25: 0.1}, 90),  # better again below a loss: luck
    ],
)
def test_a_bisection_goes_on_between_what_seems_safe_and_what_seems_harmful(means, first):
    found = {rate: margin(mean) for rate, mean in means.items()}
    wanted = choose._bisected(found, ORDER)
    assert wanted == ([] if first is None else [first])


@pytest.mark.parametrize(("p", "said"), [(1.0, "safe"), (1.001, "open")])
def test_a_p_value_of_at_most_its_level_decides(p, said):
    assert decide.decide({50: margin(safe=p)}, [75, 50, 25]) == {75: said, 50: said, 25: "open"}


def test_a_rate_with_all_seeds_asks_for_those_that_the_baseline_lacks():
    """As a sweep of before may have left them: pairs come first, and no seed beyond the last."""
    ten = runs(np.random.default_rng(0), {50: 0.9}, 10)[50]
    for count in (3, 10):
        made, base = {50: {seed: ten[seed] for seed in range(count)}}, {0: ten[0]}
        found = decide.margins(made, base, Tolerance(0.01))
        assert choose.choose(made, base, found, [50])[0] == choose.Next(0, 1)


def test_where_no_number_of_seeds_is_enough_no_run_is_asked_for():
    margin = decide.Margin(3, 0.0, -0.02, 0.02, 0.02, 50.0, 50.0, 1e-8, 1e-4)
    assert choose.needed(margin) == np.inf


def test_two_seeds_that_differ_do_not_let_a_rate_be_given_up_but_the_items_may():
    two = decide.Margin(2, 0.01, -0.19, 0.21, 0.2, 50.0, 50.0, 1e-4, 1e-6)
    assert choose.needed(two) == 3
    assert choose.needed(two._replace(seeds=3)) == np.inf
    assert choose.needed(two._replace(by_items=1e-3)) == np.inf


def test_what_was_decided_at_a_look_stays_decided_when_the_next_seed_is_bad():
    rng = np.random.default_rng(5)
    sample = np.stack([rng.random(4000) < share for share in (0.03, 0.03, 0.06)]) * 1.0
    sample[2] *= -1
    cells, allowed = np.array([0.01, 1.01, -0.99, 0.01]), levels(10, 0.025)
    two, three = (decide._margin(sample[:n], (1e-6, 5), cells, allowed) for n in (2, 3))
    assert abs(three.mean) < 0.01
    assert three.safe <= two.safe <= 1
