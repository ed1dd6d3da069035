"""The Helmholtz measure and the answer: who is judged how, and how close to the truth it comes."""

import shlex

import numpy as np
import pytest
from report_runs import SIZES
from scipy import stats

from cifar import jpeg, sample
from cifar import train as cifar_train
from helmholtz.analysis import advice, experiments, measure, prepared, summary
from helmholtz.analysis.answer import answer
from helmholtz.analysis.statistics import Score
from helmholtz.schema import RUNS

FLAGS = {"quality": 0, "source": "sample", "limit": 300, "num_epoch": 20, "batch_size": 32}


def rows_of(accuracies, sizes=None, **changed):
    """Rows of runs.csv from {rate: accuracies of seeds 0, 1, ...}."""
    rows = []
    for rate, values in accuracies.items():
        file_bytes, scan_bytes = (sizes or {}).get(
            rate, (SIZES.get(rate, 800), SIZES.get(rate, 800))
        )
        for seed, value in enumerate(values):
            row = dict.fromkeys(RUNS) | {"state": "finished", "folder": f"{rate}/{seed}"}
            row |= {"domain": "cifar", "source": "sample", "model": "all-cnns", "data": "d"}
            row |= {
                "codec": "jpeg",
                "rate": rate,
                "seed": seed,
                "epochs": 20,
                "best_val_acc": value,
            }
            row |= {"mean_of_ten_best": value, "train_items": 100, "val_items": 1000}
            row |= {"validated_on": "test split", "precision": "float32", "chance": 0.1}
            row |= {"raw_bytes": 3072.0, "file_bytes": file_bytes, "scan_bytes": scan_bytes}
            rows.append(row | {"flags": FLAGS | {"seed": seed, "quality": rate}} | changed)
    return rows


def answered(rows, tolerance=0.01):
    (experiment,) = experiments.experiments(rows)
    return answer(experiment, tolerance)


def test_the_lowest_rate_within_the_tolerance_is_chosen_and_the_rest_is_noise():
    found = answered(rows_of({0: [0.8] * 3, 25: [0.799] * 3, 5: [0.7] * 3}))
    assert (found["rate"], found["U"]) == (25, 24576)
    assert found["file"]["F"] == 8 * SIZES[25]
    assert found["file"]["noise"] == 24576 - 8 * SIZES[25]
    assert (found["sure_rate"], found["possible_rate"]) == (25, 25)
    assert "Choose quality 25" in found["sentence"]
    assert "(-75%)" in found["sentence"]


def test_a_verdict_counts_the_very_edge_as_within():
    def told(low, mean, high):
        margin = {"low": low, "mean": mean, "high": high, "low_items": None, "high_items": None}
        return measure.verdict(margin)

    assert told(0, 0, 0) == told(0, 0.1, 0.2) == measure.YES
    assert told(-0.1, 0, 0.1) == measure.PROBABLY
    assert told(-0.2, -0.1, 0) == measure.UNSURE
    assert told(-0.2, -0.1, -0.05) == measure.NO
    assert told(None, 0.1, None) == measure.ALONE


def test_a_guesser_s_best_epoch_exceeds_the_bound_once_in_a_thousand_times():
    row = {"chance": 0.25, "val_items": 300, "epochs": 10}
    error = np.sqrt(0.25 * 0.75 / 300)
    bound = 0.25 + stats.norm.isf(0.001 / 10) * error
    assert measure.guessing_bound(row) == pytest.approx(bound)
    once = row | {"counted_epoch": "last"}
    assert measure.guessing_bound(once) == pytest.approx(0.25 + stats.norm.isf(0.001) * error)
    many = row | {"val_items": 10**8}  # a tenth of the way to 1, or twice chance
    assert [measure.learned(many, x) for x in (0.325, 0.3251)] == [False, True]
    few = many | {"chance": 0.01}
    assert [measure.learned(few, x) for x in (0.02, 0.0201)] == [False, True]
    assert not measure.learned(row, measure.guessing_bound(row))
    assert measure.learned(row, bound + 1e-9)
    assert measure.learned(row | {"chance": None}, 1) is None
    assert measure.learned(row | {"val_items": None}, 1) is None


def test_noise_is_unknown_where_a_size_is_and_lossless_bytes_tell_the_irredundant():
    sizes = {0: (3000, 2500), 25: (1000, 600)}
    accuracies = {0: [0.8, 0.8], 25: [0.8, 0.8]}
    found = answered(rows_of(accuracies, sizes, lossless_bytes=2000.0))
    assert found["file"]["irredundant"] == 8 * (2000 - 1000)
    assert found["scan"] == {
        "F": 4800, "noise": 8 * (3072 - 600), "irredundant": 8 * (2000 - 600),
        "noise_low": 8 * (3072 - 600), "noise_high": 8 * (3072 - 600),
    }  # fmt: skip
    found = answered(rows_of(accuracies, sizes, raw_bytes=None))
    assert (found["U"], found["file"]["noise"], found["file"]["irredundant"]) == (None,) * 3
    assert (found["uncompressed"], found["rates"][0]["verdict"]) == (True, measure.YES)
    assert not answered(rows_of({25: [0.8], 5: [0.8]}))["uncompressed"]


def test_the_lossless_size_is_of_images_of_all_classes():
    """In the order of the classes, as splits are: flat images, then noise."""
    images = np.zeros((2 * prepared.PACKED, 8, 8, 3), np.uint8)
    images[len(images) // 2 :] = np.random.default_rng(0).integers(0, 256, (8, 8, 3), np.uint8)
    flat, noise = (prepared.packed_bytes(images[i]) for i in (0, -1))
    assert noise > 3 * 8 * 8 > flat
    assert prepared._lossless_bytes({0: (images, None, None)}) == (flat + noise) / 2


def test_a_rate_that_saves_less_than_lossless_coding_is_told():
    def said(lossless):
        return answered(rows_of({0: [0.8] * 3, 25: [0.8] * 3}, lossless_bytes=lossless))["sentence"]

    assert "; lossless WebP takes 700;" in said(700.0)
    assert "lossless" not in said(1000.0) + said(None)


def test_the_epochs_decide_what_the_accuracy_is_and_whether_it_has_a_star():
    def told(epochs, **changed):
        row = {"epochs": epochs, "mean_of_ten_best": 0.5, "best_val_acc": 0.6, "test_acc": 0.4}
        row |= changed
        return summary.accuracy(row), summary.starred(row)

    assert [told(n) for n in (14, 15, 19, 20)] == [
        (0.6, True), (0.5, True), (0.5, True), (0.5, False),
    ]  # fmt: skip
    named = [summary._accuracy_is({"epochs": n}) for n in (14, 15)]
    assert named == [summary.SHORT, summary.TEN_BEST]
    assert told(30, mean_of_ten_best=None) == (0.6, False)
    assert told(3, counted_epoch="last") == told(3, accuracy_is=summary.TEST) == (0.4, False)


def test_a_rate_saves_nothing_where_its_files_are_larger_than_those_that_were_given():
    def told(rate, file_bytes, source_bytes):
        row = {"rate": rate, "file_bytes": file_bytes, "source_bytes": source_bytes}
        return summary.no_saving(row)

    assert told(5, 11, 10)
    assert not any(told(*row) for row in [(5, 10, 10), (0, 11, 10), (5, None, 10), (5, 11, None)])


def test_the_ends_of_an_interval_stay_within_what_the_quantity_can_be():
    def ends(name, *values):
        told = summary.mean_columns(name, [Score(seed, v) for seed, v in enumerate(values)])
        return told[f"{name}_low"], told[f"{name}_high"]

    for name in ("accuracy", "test_acc"):
        assert ends(name, 0.0, 0.02)[0] == 0
        assert ends(name, 0.98, 1.0)[1] == 1
    low, high = ends("convergence_epoch", 1, 3)
    assert (low, high > 3) == (1, True)


def test_a_summary_has_means_their_limits_and_what_all_runs_took():
    rows = rows_of({0: [0.99, 1.0, 1.0], 25: [0.5]}, test_acc=0.9, convergence_epoch=5)
    rows = [row | {"seconds": 40.0 + row["seed"]} for row in rows]
    (experiment,) = experiments.experiments(rows)
    row, alone = experiment.rows[0], experiment.rows[25]
    assert (row["accuracy"], row["accuracy_high"]) == (pytest.approx(0.99666667), 1)
    assert 0.98 < row["accuracy_low"] < 0.9966
    assert (alone["accuracy_low"], alone["accuracy_high"]) == (None, None)
    assert (row["seeds"], row["seed_list"], row["converged"]) == (3, "0 1 2", 3)
    assert (row["seconds"], row["seconds_to_converge"]) == (41, pytest.approx(41 * 5 / 20))
    assert 4 < row["convergence_epoch_low"] < 5 < row["convergence_epoch_high"] < 6  # rounded
    assert row["accuracy_is"] == summary.TEN_BEST
    assert alone["difference"] == pytest.approx(0.5 - 0.99)  # of the seed that both have
    assert alone["test_difference"] == 0
    rows[1]["convergence_epoch"] = None
    (experiment,) = experiments.experiments(rows)
    row = experiment.rows[0]
    assert (row["converged"], row["seconds_to_converge"]) == (2, None)
    assert row["convergence_epoch"] == 5


def test_the_tolerance_is_relative():
    rows = rows_of({0: [0.5] * 2, 25: [0.4951] * 2, 5: [0.4949] * 2})
    assert answered(rows)["rate"] == 25
    assert answered(rows, 0.02)["rate"] == 5


def test_differences_are_paired_by_seed_as_scipy_does():
    rows = rows_of({0: [0.80, 0.82, 0.78], 25: [0.79, 0.82, 0.77]})
    judged = answered(rows)["rates"][1]
    here, there = np.array([0.79, 0.82, 0.77]), np.array([0.80, 0.82, 0.78])
    wanted = stats.ttest_rel(here, there).confidence_interval()
    found = judged["difference"]
    assert found["paired"]
    assert (found["low"], found["high"]) == pytest.approx(tuple(wanted))
    row = experiments.experiments(rows)[0].rows[25]
    assert row["baseline_rate"] == 0
    assert (row["difference_low"], row["difference_high"]) == (found["low"], found["high"])
    wanted = stats.ttest_rel(here, 0.99 * there).confidence_interval()
    assert judged["margin"]["low"] == pytest.approx(wanted.low)


def test_other_seeds_give_welch_s_interval_as_scipy_does():
    rows = rows_of({0: [0.80, 0.82, 0.78, 0.81], 25: [0.79, 0.83]})
    rows[-1]["seed"] = 7
    found = answered(rows)["rates"][1]["difference"]
    wanted = stats.ttest_ind([0.79, 0.83], [0.80, 0.82, 0.78, 0.81], equal_var=False)
    assert not found["paired"]
    assert (found["low"], found["high"]) == pytest.approx(tuple(wanted.confidence_interval()))


def test_seeds_that_only_one_of_two_rates_has_do_not_undo_the_pairs():
    paired = answered(rows_of({0: [0.80, 0.82, 0.78], 25: [0.79, 0.82, 0.77]}))
    found = answered(rows_of({0: [0.80, 0.82, 0.78, 0.6, 0.9], 25: [0.79, 0.82, 0.77]}))
    assert found["rates"][1]["difference"] == paired["rates"][1]["difference"]


def test_seeds_that_are_advised_are_the_same_for_both_that_are_compared():
    values = {0: [0.80, 0.82, 0.78], 25: [0.79, 0.80, 0.81], 5: [0.5, 0.5, 0.5]}
    (lack,) = answered(rows_of(values))["missing"]
    assert lack["what"] == "more seeds at uncompressed, quality 25"
    assert lack["command"].startswith("for quality in 0 25; do for seed in 3 4 5; do python")
    (lack,) = answered(rows_of({0: [0.8], 25: [0.8] * 3}))["missing"]
    assert lack["what"] == "more seeds at uncompressed (there are 1 of 3)"
    assert "for seed in 1 2; do" in lack["command"]
    assert "1 seed: too few" in answered(rows_of({0: [0.8], 25: [0.8] * 3}))["sentence"]
    told = answered(rows_of({0: [0.80, 0.80, 0.80, 0.84, 0.84], 25: [0.80, 0.80, 0.80]}))[
        "sentence"
    ]
    assert "accuracy 0.800 instead of 0.816, means of 3 and 5 seeds, +0.0 points" in told


def test_the_advised_command_is_none_where_the_data_were_given_by_hand_and_names_the_backend():
    rows = rows_of({0: [0.8], 25: [0.8]})
    for row in rows:
        row["backend"] = "jax 0.8"
    assert "KERAS_BACKEND=jax python cifar" in answered(rows)["missing"][0]["command"]
    for row in rows:
        row["flags"]["train_dir"] = "data/mine/quality_5"
    assert answered(rows)["missing"][0]["command"] is None


def test_a_single_rate_lacks_an_uncompressed_run_and_no_other():
    (lack,) = answered(rows_of({25: [0.8] * 3}))["missing"]
    assert "an uncompressed run" in lack["what"]


def test_a_lucky_rate_below_one_that_fails_is_not_taken_and_told():
    found = answered(rows_of({0: [0.8] * 2, 25: [0.799] * 2, 10: [0.77] * 2, 5: [0.795] * 2}))
    assert (found["rate"], found["lowest_passing"]) == (25, 5)
    assert "At quality 5 it is within the tolerance too" in found["sentence"]
    assert "may be seed-to-seed variation" in found["sentence"]


def test_a_sure_rate_is_taken_below_one_that_is_only_in_doubt():
    found = answered(rows_of({0: [0.8] * 3, 50: [0.75, 0.80, 0.81], 25: [0.80, 0.801, 0.8]}))
    assert found["rates"][1]["verdict"] == measure.UNSURE
    assert (found["rate"], found["sure_rate"]) == (25, 25)
    assert "At quality 50 it is worse: that may be seed-to-seed" in found["sentence"]


def test_what_the_seeds_leave_open_is_an_interval_of_the_noise():
    found = answered(rows_of({0: [0.8] * 3, 50: [0.8] * 3, 25: [0.78, 0.80, 0.81], 5: [0.5] * 3}))
    assert (found["sure_rate"], found["rate"], found["possible_rate"]) == (50, 25, 25)
    assert found["file"]["noise_low"] < found["file"]["noise"] == found["file"]["noise_high"]
    assert "is not ruled out" in found["sentence"]


def test_one_seed_has_no_interval_and_says_how_to_get_one():
    found = answered(rows_of({0: [0.8], 25: [0.8]}))
    assert (found["rate"], found["sure_rate"]) == (25, None)
    assert "1 seed: too few for an interval" in found["sentence"]
    (lack,) = found["missing"]
    assert lack["what"] == "more seeds at uncompressed, quality 25 (there are 1 of 3)"
    assert lack["command"].startswith("for quality in 0 25; do for seed in 1 2; do python cifar/")


def test_without_an_uncompressed_run_the_highest_rate_stands_in_and_it_is_said():
    found = answered(rows_of({100: [0.8] * 3, 25: [0.8] * 3}))
    assert (found["baseline_rate"], found["uncompressed"]) == (100, False)
    assert "compared with the highest rate" in found["noise"]
    assert any("--quality 0 " in lack["command"] for lack in found["missing"])


def test_a_network_that_only_guesses_answers_nothing():
    found = answered(rows_of({0: [0.105] * 3, 5: [0.11] * 3}))
    assert found["learned"] is False
    assert found["sentence"].startswith("No answer")
    assert "not measured" in found["noise"]
    (lack,) = found["missing"]
    assert "--num_epoch 200 --batch_size 32 --overwrite" in lack["command"]


def test_a_network_that_died_gives_no_answer_however_well_it_did_at_a_lower_rate():
    """As cnns-dense-64 on the photographs: 0.129 uncompressed, 0.418 at quality 25."""
    found = answered(rows_of({0: [0.129], 25: [0.418]}, val_items=2000, epochs=15))
    assert (found["learned"], found["answered"]) == (False, False)
    assert found["sentence"].startswith("No answer: an accuracy of 0.129 (uncompressed) is hardly")
    assert "not measured" in found["noise"]


def test_the_luck_of_the_best_of_many_epochs_is_not_learning():
    """Guessers over 200 epochs: their ten best lie four standard errors above chance."""
    rng = np.random.default_rng(0)
    guessed = rng.binomial(1000, 0.1, (50, 200)) / 1000
    best = np.sort(guessed, axis=1)[:, -10:].mean(axis=1)
    row = {"chance": 0.1, "val_items": 1000, "epochs": 200}
    assert best.min() > 0.1 + 1.5 * np.sqrt(0.09 / 1000)
    assert guessed.max() < measure.guessing_bound(row) < 0.15
    assert not any(measure.learned(row, accuracy) for accuracy in best)


def test_what_counts_as_learned_suits_few_classes_and_many():
    for chance, barely, well in ((0.5, 0.54, 0.6), (0.1, 0.18, 0.2), (0.001, 0.0019, 0.003)):
        row = {"chance": chance, "val_items": 100_000, "epochs": 20}
        assert (measure.learned(row, barely), measure.learned(row, well)) == (False, True)
    found = answered(rows_of({0: [0.18], 5: [0.18]}, val_items=100_000))
    assert "0.180 (uncompressed) is hardly above guessing (0.100)" in found["sentence"]
    assert measure.learned({"chance": None, "val_items": 100}, 0.5) is None


def test_few_items_are_not_called_a_guess():
    found = answered(rows_of({0: [0.5] * 3, 5: [0.5] * 3}, val_items=6, chance=1 / 3))
    assert (
        "0.500 (uncompressed) cannot be told from guessing (0.333) with 6 validation items"
        in (found["sentence"])
    )
    (lack,) = found["missing"]
    assert lack["what"] == "more validation items than 6"
    assert "--limit" not in lack["command"]
    assert "--num_epoch 20 " in lack["command"]


def test_nothing_is_to_be_trained_longer_with_a_learning_rate_of_0():
    for epochs in (5, 50):
        rows = rows_of({0: [0.105] * 3, 5: [0.11] * 3}, epochs=epochs)
        for row in rows:
            row["flags"]["learning_rate"] = 0.0
        (lack,) = answered(rows)["missing"]
        assert "training without --learning_rate" in lack["what"]
        assert "--num_epoch 20 " in lack["command"]
        assert "learning_rate" not in lack["command"]


def test_the_tolerance_is_said_with_its_unit():
    rows = rows_of({0: [0.8] * 3, 25: [0.7] * 3})
    assert "more than 1 % of it" in answered(rows)["sentence"]
    assert "more than 2.5 % of it" in answered(rows, 0.025)["sentence"]


def test_no_lower_rate_is_good_enough():
    found = answered(rows_of({0: [0.8] * 3, 25: [0.7] * 3}))
    assert found["sentence"].startswith("Stay uncompressed: quality 25, the next lower one, costs")
    assert found["file"]["noise"] == 0


def test_a_single_rate_is_no_comparison():
    assert "only rate so far" in answered(rows_of({0: [0.8] * 3}))["sentence"]


def commanded(flags):
    """The command for quality 25 and seed 4 like a run with these flags."""
    (experiment,) = experiments.experiments([rows_of({5: [0.5]})[0] | {"flags": flags}])
    return advice.command(experiment, [25], [4])


def test_the_command_that_adds_runs_is_one_that_train_takes():
    flags = FLAGS | {"source": "my photos; rm -rf /", "seed": 0, "model": None, "val": 0.25}
    words = shlex.split(commanded(flags))
    assert words[:2] == ["python", "cifar/train.py"]
    args = cifar_train.parse_args(words[2:])
    assert (args.quality, args.seed, args.source) == (25, 4, "my photos; rm -rf /")
    assert (args.model, args.val, args.limit) == ("all-cnns", 0.25, 300)
    beside = flags | {"log_dir": "/my logs/quality_5/seed_0"}
    words = shlex.split(commanded(beside))
    assert words[-2:] == ["--log_dir", "/my logs/quality_25/seed_4"]


def test_the_uncompressed_runs_that_a_codec_lacks_are_those_of_the_published_one():
    (row,) = rows_of({5: [0.5]})
    flags = FLAGS | {"log_dir": "/my logs/webp_5/seed_0"}
    (experiment,) = experiments.experiments([row | {"codec": "webp", "flags": flags}])
    first, second = advice.command(experiment, [0, 10], [4]).split(" && ")
    assert "--codec" not in first
    assert shlex.split(first)[-2:] == ["--log_dir", "/my logs/quality_0/seed_4"]
    assert cifar_train.parse_args(shlex.split(first)[2:]).quality == 0
    assert shlex.split(second)[-2:] == ["--log_dir", "/my logs/webp_10/seed_4"]
    assert "quality_0/" in advice.command(experiment, [0], range(3))


def test_runs_of_unknown_size_are_not_measured():
    found = answered(rows_of({0: [0.8] * 3, 5: [0.8] * 3}, raw_bytes=None, file_bytes=None))
    assert "the size of the files is unknown" in found["noise"]
    assert "the size of its files is unknown" in found["sentence"]


# A quick classifier to judge by: one layer of random filters, pooled, and ridge regression, after
# Coates, Lee and Ng (AISTATS 2011). It tells the sample's classes apart by 0.8 and more.


def features(images, filters):
    pixels = images.astype(np.float32) / 255
    patches = np.lib.stride_tricks.sliding_window_view(pixels, (6, 6), axis=(1, 2))[:, :24:2, :24:2]
    patches = patches.reshape(*patches.shape[:3], -1)
    patches = patches - patches.mean(-1, keepdims=True)
    shapes = np.maximum(patches @ filters, 0).reshape(len(images), 3, 4, 3, 4, -1).mean((2, 4))
    colours = pixels.reshape(len(images), 8, 4, 8, 4, 3).mean((2, 4))
    flat = [a.reshape(len(images), -1) for a in (shapes, colours, np.ones((len(images), 1)))]
    return np.concatenate(flat, axis=1)


def judged(train, test, seed):
    """Accuracy on test of a classifier whose filters and training items depend on the seed."""
    rng = np.random.default_rng(seed)
    filters = rng.normal(size=(108, 48)).astype(np.float32)
    chosen = rng.permutation(len(train[0]))[: len(train[0]) * 4 // 5]
    known, unknown = features(train[0][chosen], filters), features(test[0], filters)
    scale = known.std(axis=0) + 1e-3
    known, unknown = known / scale, unknown / scale
    wanted = np.eye(10)[train[1][chosen]]
    weights = np.linalg.solve(known.T @ known + 100 * np.eye(known.shape[1]), known.T @ wanted)
    return float((np.argmax(unknown @ weights, axis=1) == test[1]).mean())


@pytest.fixture(scope="module")
def judged_sample():
    """Rows of runs.csv of the sample at four qualities, three seeds each."""
    parts = [sample.make("train", 2000), sample.make("test", 800)]
    accuracies, sizes = {}, {}
    for quality in (0, 50, 25, 5):
        done = [[jpeg.compress(image, quality) for image in part[0]] for part in parts]
        arrays = [
            (np.stack([d[0] for d in part]), p[1]) for part, p in zip(done, parts, strict=True)
        ]
        accuracies[quality] = [judged(*arrays, seed) for seed in range(3)]
        sizes[quality] = tuple(np.mean([d[1:] for d in done[1]], axis=0).tolist())
    return rows_of(accuracies, sizes, true_noise_bits=parts[0][2])


@pytest.mark.parametrize("tolerance", [0.02, 0.05])
def test_the_measure_against_the_true_noise_of_the_sample(judged_sample, tolerance):
    found = answered(judged_sample, tolerance)
    truth = found["true_noise_bits"]
    assert found["learned"]
    assert found["rates"][0]["accuracy"] > 0.8
    assert 14_000 < truth < 16_000
    # As the README says: too much by a quarter in whole files, and by three fifths in scans.
    assert 1.2 * truth < found["file"]["noise"] < 1.3 * truth
    assert 1.55 * truth < found["scan"]["noise"] < 1.7 * truth
