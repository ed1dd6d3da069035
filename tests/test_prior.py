"""The report says beside its answers what the files went through, and what was found."""

import json

import pytest
from report_runs import make_run

from helmholtz.report import __main__ as report
from helmholtz.schema import RUNS

FOUND = "2 classes; 80 train and 20 test items. 0.1 MB in 100 files, 32 x 32 pixels."
AUDIT = {"prior": "JPEG of quality 75, 4:2:0", "codec": "jpeg", "rate": 75}
UNEQUAL = "Classes differ: PNG makes up 100% of cat and 0% of dog."


def write_runs(root, audit, rates=(0, 50, 100), codec=None):
    for rate in rates:
        path = make_run(root, rate=rate, codec=codec if rate else None) / "setting.json"
        setting = json.loads(path.read_text())
        setting["data"] |= {"audit": audit, "found": FOUND}
        path.write_text(json.dumps(setting))


def made(root, capsys):
    """What the terminal, the page and summary.json say."""
    out = root.parent / "report"
    report.main([str(root), "--out", str(out)])
    answers = json.loads((out / "summary.json").read_text())["answers"]
    return capsys.readouterr().out, (out / "index.html").read_text(), answers


def test_what_uncompressed_means_stands_beside_the_answer(tmp_path, capsys):
    write_runs(tmp_path / "logs", AUDIT | {"warnings": UNEQUAL})
    said, page, [answer] = made(tmp_path / "logs", capsys)
    prior = (
        'The files went through JPEG of quality 75, 4:2:0; "uncompressed" means that here. The '
        "files were already compressed at quality 75: quality 100 is above that and restores "
        f"nothing. {UNEQUAL}"
    )
    assert (answer["prior"], answer["found"]) == (prior, FOUND)
    assert prior in said.replace("\n", " ")
    assert page.count(prior.replace('"', "&#34;")) == 2  # on top, and with all answers
    assert FOUND in page


def test_another_codec_has_no_rate_above(tmp_path, capsys):
    write_runs(tmp_path / "logs", AUDIT, codec="webp")
    _, _, [answer] = made(tmp_path / "logs", capsys)
    assert answer["prior"] == (
        'The files went through JPEG of quality 75, 4:2:0; "uncompressed" means that here.'
    )


def test_its_namesake_of_other_sampling_has(tmp_path, capsys):
    write_runs(tmp_path / "logs", AUDIT, codec="jpeg444")
    _, _, [answer] = made(tmp_path / "logs", capsys)
    assert "JPEG 4:4:4 quality 100 is above that" in answer["prior"]


@pytest.mark.parametrize("audit", [{}, {"prior": ""}, {"prior": 7, "rate": "x"}, [], None])
def test_of_data_without_a_finding_nothing_is_said(audit, tmp_path, capsys):
    write_runs(tmp_path / "logs", audit)
    said, _, [answer] = made(tmp_path / "logs", capsys)
    assert answer["prior"] == ""
    assert "Uncompressed" not in said


def test_a_table_of_runs_tells_it_too(tmp_path, capsys):
    write_runs(tmp_path / "logs", AUDIT)
    _, _, first = made(tmp_path / "logs", capsys)
    again = tmp_path / "again"
    report.main([str(tmp_path / "report" / "runs.csv"), "--out", str(again)])
    assert json.loads((again / "summary.json").read_text())["answers"] == first
    assert {"found", "prior", "prior_codec", "prior_rate", "prior_warnings"} <= set(RUNS)
