"""Codecs side by side: bits at equal accuracy, their interval, and the choice among them."""

import json
from types import SimpleNamespace

import numpy as np
import pytest
from report_runs import make_run
from scipy import stats

from helmholtz.analysis import compare
from helmholtz.analysis.compare import _curve, bits_of, fewer_bits
from helmholtz.report import __main__ as report

RATES = [10, 25, 50, 75, 90]
BITS = np.array([80, 130, 200, 300, 560])  # bytes of a payload


def runs(sizes, seeds=(0, 1, 2), noise=0.0, shift=1.0, rng=None):
    """Rows of runs.csv whose accuracy rises by 0.1 with every doubling of size / shift."""
    rng = rng or np.random.default_rng(0)
    return {
        rate: [
            {
                "seed": seed, "scan_bytes": float(size), "epochs": 5, "mean_of_ten_best": None,
                "best_val_acc": 0.3 + 0.1 * np.log2(size / shift / 80) + rng.normal(0, noise),
            }
            for seed in seeds
        ]
        for rate, size in zip(RATES, sizes, strict=True)
    }  # fmt: skip


def test_a_codec_that_reaches_everything_with_a_share_of_the_bits_takes_that_share_fewer():
    for share in (0.5, 0.8, 1.0, 1.7):
        found = fewer_bits(runs(BITS * share, shift=share), runs(BITS))
        assert found["mean"] == pytest.approx(share - 1, abs=1e-9)
        assert found["low"] == pytest.approx(found["high"], abs=1e-9)
        assert (found["from"], found["seeds"]) == (pytest.approx(0.3), 3)
    other_sizes = fewer_bits(runs(BITS * 0.61, shift=0.5), runs(BITS))
    assert other_sizes["mean"] == pytest.approx(-0.5, abs=1e-9)
    back = fewer_bits(runs(BITS), runs(BITS * 0.5, shift=0.5))
    assert back["mean"] == pytest.approx(1.0, abs=1e-9)


def test_the_interval_holds_the_truth_about_as_often_as_it_says():
    rng, held, trials = np.random.default_rng(1), 0, 300
    for _ in range(trials):
        seeds = range(4)
        codec = runs(BITS * 0.8, seeds, 0.01, 0.7, rng)
        found = fewer_bits(codec, runs(BITS, seeds, 0.01, rng=rng))
        held += found["low"] <= 0.7 - 1 <= found["high"]
    assert 0.9 <= held / trials <= 0.985, held / trials


def without(runs, seed):
    return {rate: [run for run in some if run["seed"] != seed] for rate, some in runs.items()}


def test_the_interval_is_student_s_of_a_jackknife_over_the_seeds_that_all_rates_have():
    rng = np.random.default_rng(2)
    codec, published = (runs(BITS * b, range(4), 0.02, b, rng) for b in (0.7, 1.0))
    found = fewer_bits(codec, published)
    left = [fewer_bits(without(codec, s), without(published, s))["mean"] for s in range(4)]
    error = np.sqrt(3 / 4 * np.square(np.log1p(left) - np.mean(np.log1p(left))).sum())
    middle, reach = np.log1p(found["mean"]), stats.t.ppf(0.975, 3) * error
    assert found["low"] == pytest.approx(np.expm1(middle - reach))
    assert found["high"] == pytest.approx(np.expm1(middle + reach))
    codec[0] = [codec[10][0]]  # an uncompressed run of one seed is no rate of it
    assert fewer_bits(codec, published) == found
    assert fewer_bits(codec, without(published, 3))["seeds"] == 3


def test_the_distance_is_the_mean_over_the_accuracies_that_both_reach():
    """From 0.4 to 0.5, where the one takes twice the bits of the other."""

    def of(*points):
        (plain,) = runs(BITS, [0])[10]
        told = [plain | {"scan_bytes": size, "best_val_acc": reached} for size, reached in points]
        return {rate: [run] for rate, run in zip((10, 25), told, strict=True)}

    codec, other = of((100.0, 0.3), (400.0, 0.5)), of((100.0, 0.4), (400.0, 0.6))
    found = fewer_bits(codec, other)
    assert found["mean"] == pytest.approx(1.0)
    assert (found["from"], found["to"]) == (0.4, 0.5)
    other[25][0]["scan_bytes"] = 1600.0
    assert fewer_bits(codec, other)["mean"] == pytest.approx(np.sqrt(2) - 1)  # then as many
    other[25][0]["best_val_acc"], other[10][0]["best_val_acc"] = 0.7, 0.5
    assert fewer_bits(codec, other) is None  # a single accuracy is no curve
    codec[10].append(codec[10][0] | {"seed": 1, "scan_bytes": None})
    assert len(_curve(codec, None)[0]) == 1


def test_bits_are_told_of_an_item_where_its_extent_is_not_known():
    row = {"domain": "cifar", "scan_bytes": 1500.0, "extent": None}
    assert bits_of(row) == "12,000 per image"
    assert bits_of(row | {"extent": 1024.0}) == "11.7 per pixel"


def test_without_the_published_codec_none_is_compared_with_it():
    def alone(codec):
        key = {"domain": "cifar", "source": "x", "model": "m", "codec": codec}
        return SimpleNamespace(key=key, runs=runs(BITS)), {"answered": True}

    told = compare._against([alone("webp"), alone("avif")])
    assert [(row["codec"], row["fewer"]) for row in told] == [("webp", None), ("avif", None)]
    (webp,) = compare._against([alone("webp"), alone("jpeg")])
    assert (webp["title"], webp["published"]) == ("WebP", "JPEG")
    assert webp["fewer"]["mean"] == pytest.approx(0)


def test_curves_without_a_common_accuracy_give_nothing_and_one_seed_no_interval():
    assert fewer_bits(runs(BITS, shift=100), runs(BITS)) is None
    assert fewer_bits({0: runs(BITS)[10]}, runs(BITS)) is None
    alone = fewer_bits(runs(BITS * 0.5, [0], shift=0.5), runs(BITS, [0]))
    assert (alone["low"], alone["high"]) == (None, None)
    unlike = fewer_bits(runs(BITS * 0.5, [0, 1], shift=0.5), runs(BITS, [2, 3]))
    assert (unlike["low"], unlike["seeds"]) == (None, 0)


def test_the_uncompressed_runs_and_a_dip_do_not_disturb_it():
    codec, published = runs(BITS * 0.5, shift=0.5), runs(BITS)
    plain = fewer_bits(codec, published)
    codec[0] = [run | {"scan_bytes": 3072.0, "best_val_acc": 0.9} for run in codec[10]]
    assert fewer_bits(codec, published) == plain
    for run in codec[75]:
        run["best_val_acc"] = codec[50][0]["best_val_acc"] - 0.001
    assert fewer_bits(codec, published)["mean"] == pytest.approx(plain["mean"], abs=0.05)


def test_rates_that_do_not_rise_count_as_one_of_their_mean_accuracy_and_the_fewer_bits():
    made = runs(BITS, [0])
    for rate, accuracy in zip(RATES, (0.3, 0.5, 0.4, 0.6, 0.6), strict=True):
        made[rate][0]["best_val_acc"] = accuracy
    bits, reached = _curve(made, None)
    np.testing.assert_allclose(reached, [0.3, 0.45, 0.6])
    np.testing.assert_allclose(bits, np.log(8 * BITS[[0, 1, 3]]))


def study(root):
    """Runs of three codecs whose payloads differ; AVIF's accuracy is lower."""
    for seed in range(3):
        make_run(root, 0, seed, epochs=30, codec="jpeg")
        for rate, jpeg, webp in [(10, 700, 165), (25, 760, 200), (50, 900, 280)]:
            top = 0.8 - (rate == 10) * 0.2
            make_run(root, rate, seed, top, 30, codec="jpeg", bytes_=jpeg)
            make_run(root, rate, seed, top, 30, codec="webp", bytes_=webp + 620)
            make_run(root, rate, seed, top - 0.3, 30, codec="avif", bytes_=webp + 620)


def test_the_report_chooses_codec_and_rate_by_payload_and_compares_with_the_published(
    tmp_path, capsys
):
    study(tmp_path / "logs")
    report.main([str(tmp_path / "logs"), "--out", str(tmp_path / "report"), "--tolerance", "0.05"])
    said = capsys.readouterr().out
    assert "all-cnns, all codecs: Choose JPEG quality 25: of all rates at which a loss of" in said
    assert "fewest payload bits, 1.09 per pixel" in said  # 8 * 140 / 1024
    assert "Of the others: WebP quality 25 (1.56 per pixel), no rate of AVIF." in said
    assert "  AVIF: no accuracy in common against JPEG\n" in said
    page = (tmp_path / "report" / "index.html").read_text()
    assert "Choose JPEG quality 25" in page
    assert "Payload bits at equal accuracy" in page
    (told,) = json.loads((tmp_path / "report" / "summary.json").read_text())["codecs"]
    avif, webp = told["codecs"]
    assert webp["fewer"]["low"] <= webp["fewer"]["mean"] <= webp["fewer"]["high"]
    assert 0.2 < webp["fewer"]["mean"] < 0.8
    assert (avif["codec"], avif["fewer"]) == ("avif", None)
    figures = {path.stem for path in (tmp_path / "report" / "figures").glob("*.svg")}
    assert {"cifar-sample_accuracy_scan_bits", "cifar-sample_accuracy_bits"} <= figures
    drawn = (tmp_path / "report" / "figures" / "cifar-sample_accuracy_scan_bits.svg").read_text()
    assert "bits per pixel (payload)" in drawn


def test_without_uncompressed_runs_there_is_no_choice(tmp_path, capsys):
    for codec in ("jpeg", "webp"):
        for seed in range(2):
            make_run(tmp_path / "logs", 50, seed, epochs=30, codec=codec)
            make_run(tmp_path / "logs", 25, seed, epochs=30, codec=codec)
    report.main([str(tmp_path / "logs"), "--out", str(tmp_path / "report")])
    assert "No choice among codecs: it needs runs" in capsys.readouterr().out


def test_one_codec_is_compared_with_none(tmp_path, capsys):
    make_run(tmp_path / "logs", 0, codec="jpeg")
    make_run(tmp_path / "logs", 50, codec="jpeg")
    report.main([str(tmp_path / "logs"), "--out", str(tmp_path / "report")])
    assert "all codecs" not in capsys.readouterr().out
    assert json.loads((tmp_path / "report" / "summary.json").read_text())["codecs"] == []


def test_a_rate_that_saves_nothing_is_marked_and_not_chosen(tmp_path, capsys):
    for codec in ("jpeg", "webp"):
        for seed in range(3):
            make_run(tmp_path / "logs", 0, seed, epochs=30, codec="jpeg")
            make_run(
                tmp_path / "logs", 50, seed, epochs=30, codec=codec, bytes_=4000, source_bytes=3100
            )
    report.main([str(tmp_path / "logs"), "--out", str(tmp_path / "report"), "--tolerance", "0.05"])
    said = "all-cnns, all codecs: No codec yet: at no rate that saves bytes"
    assert said in capsys.readouterr().out
    assert "4,000 (no saving)" in (tmp_path / "report" / "index.html").read_text()
