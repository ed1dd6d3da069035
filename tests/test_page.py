"""The page in a real browser, at desktop and phone width; and that nothing leaves it."""

import base64
import io
import itertools
import json
import os
import re
import shutil
import subprocess
import sys
from xml.etree import ElementTree

import numpy as np
import pytest
import soundfile
from PIL import Image
from report_runs import make_run

from audio.constants import CLASS_FOLDERS
from helmholtz import domain
from helmholtz.io import datadir, run_state, store
from helmholtz.report import __main__ as report

NAMES = ["chromium", "chromium-browser", "google-chrome"]
CHROMIUM = next(filter(None, map(shutil.which, NAMES)), None)
SWITCHES = [
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    *("--remote-debugging-pipe", "--hide-scrollbars"),
]
SOUND = domain.get("audio")
EVIL = "<script>alert(1)</script>"
# Gives the pipe that we talk through the numbers at which Chromium expects it.
ON_3_AND_4 = (
    "import fcntl, os, sys; r, w = (fcntl.fcntl(int(n), 0, 10) for n in sys.argv[1:3]); "  # F_DUPFD
    "os.dup2(r, 3); os.dup2(w, 4); os.execv(sys.argv[3], sys.argv[3:])"
)


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """A report of two sources and all kinds of runs; one source has a hostile name."""
    folder = tmp_path_factory.mktemp("page")
    logs, prepared = folder / "logs", folder / "prepared"
    for rate, top in ((0, 0.8), (25, 0.8), (5, 0.7)):
        with store.create(prepared / f"cifar/data/sample/quality_{rate}/test.h5") as file:
            file["data"] = np.random.default_rng(0).integers(0, 256, (4, 32, 32, 3), np.uint8)
            file["label"] = np.array([0, 1, 0, 1])
            facts = {"fingerprint": "f00dcafe", "rate": rate, "classes": ["cat", "dog"]}
            store.set_attributes(file, facts | {"file_bytes": 400, "items": 4})
        for seed in range(3):
            make_run(logs, rate, seed, top, epochs=60)
            make_run(logs, rate, seed, top, epochs=60, model="cnns-dense-64")
    make_run(logs, 0, source=EVIL, classes=(EVIL, "$x$"), model="b&b")
    running = make_run(logs, 1, finished=False)
    (make_run(logs, 10) / "result.json").write_text("{")
    (logs / "<img src=x onerror=alert(2)>.txt").touch()
    with pytest.MonkeyPatch.context() as patch, run_state.held(running):
        patch.setattr(datadir, "ROOT", prepared)
        report.main([str(logs), "--out", str(folder / "report")])
    return folder / "report"


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    """Call a method of the DevTools protocol; gives its result. Events are kept in .events."""
    if CHROMIUM is None:
        pytest.skip("Chromium is not installed: apt-get install chromium")
    (ours_in, theirs_out), (theirs_in, ours_out) = os.pipe(), os.pipe()
    profile = f"--user-data-dir={tmp_path_factory.mktemp('profile')}"
    command = [sys.executable, "-c", ON_3_AND_4, str(theirs_in), str(theirs_out)]
    process = subprocess.Popen(
        [*command, CHROMIUM, *SWITCHES, profile, "about:blank"],
        pass_fds=(theirs_in, theirs_out),
        stderr=subprocess.DEVNULL,
    )
    os.close(theirs_in), os.close(theirs_out)
    with open(ours_in, "rb") as answers, open(ours_out, "wb") as questions:
        yield _Tab(answers, questions)
    process.terminate()
    process.wait(timeout=30)


class _Tab:
    def __init__(self, answers, questions):
        self.answers, self.questions = answers, questions
        self.count, self.events, self.session = 0, [], None
        target = self("Target.createTarget", url="about:blank")["targetId"]
        self.session = self("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for events in ("Page", "Network", "Runtime"):
            self(f"{events}.enable")

    def __call__(self, method, **params):
        self.count += 1
        message = {"id": self.count, "method": method, "params": params}
        message |= {"sessionId": self.session} if self.session else {}
        self.questions.write(json.dumps(message).encode() + b"\0")
        self.questions.flush()
        while (answer := self._next()).get("id") != self.count:
            self.events.append(answer)
        assert "error" not in answer, answer
        return answer["result"]

    def _next(self):
        text = bytearray()
        while (byte := self.answers.read(1)) not in (b"\0", b""):
            text += byte
        return json.loads(text)

    def open(self, path, width):
        """Load a file at a width and wait until all of it is there."""
        self.events.clear()
        phone = width < 600
        size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": phone}
        self("Emulation.setDeviceMetricsOverride", **size)
        self("Page.navigate", url=path.as_uri())
        while not any(event["method"] == "Page.loadEventFired" for event in self.events):
            self.events.append(self._next())

    def value(self, expression):
        """What a JavaScript expression gives."""
        answer = self("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"]["value"]


@pytest.mark.parametrize("width", [1200, 390])
def test_every_figure_is_there_and_legible_and_nothing_leaves_the_page(page, browser, width):
    browser.open(page / "index.html", width)
    browser.value("[...document.querySelectorAll('details')].map(d => (d.open = true)).length")
    images = browser.value(
        "[...document.images].map(i => [i.complete && i.naturalWidth, i.clientWidth, i.alt])"
    )
    assert len(images) == len(list((page / "figures").glob("*.svg")))
    for natural, shown, alt in images:
        assert natural > 0
        # A figure is 5 inches wide: on screen its 10 point letters are this many pixels high.
        assert shown / 360 * 10 >= 9
        assert len(alt) > 20
    assert browser.value("document.documentElement.scrollWidth") <= width
    asked = [
        event["params"]["request"]["url"]
        for event in browser.events
        if event["method"] == "Network.requestWillBeSent"
    ]
    assert {url.split(":")[0] for url in asked} <= {"file", "data"}
    assert [url for url in asked if url.startswith("file")] == [(page / "index.html").as_uri()]
    kinds = {event["method"] for event in browser.events}
    assert not kinds & {"Page.javascriptDialogOpening", "Runtime.exceptionThrown"}
    if "REPORT_SHOTS" in os.environ:
        shot = browser("Page.captureScreenshot", captureBeyondViewport=True, format="png")["data"]
        with open(f"{os.environ['REPORT_SHOTS']}/page_{width}.png", "wb") as file:
            file.write(base64.b64decode(shot))


@pytest.mark.parametrize(("width", "bottom"), [(1280, 900), (390, 844)])
def test_answer_and_picture_of_the_first_source_are_seen_without_scrolling(
    page, browser, width, bottom
):
    browser.open(page / "index.html", width)
    answer, image = (
        browser.value(f"document.querySelectorAll('section')[1].querySelector('{what}')"
                      f".getBoundingClientRect().{edge} - document.querySelectorAll('section')[1]"
                      ".getBoundingClientRect().top")
        for what, edge in (("p.answer", "bottom"), ("figure img", "bottom"))
    )  # fmt: skip
    assert 0 < answer < image < bottom


def test_every_source_is_listed_at_the_top_with_a_link_that_leads_to_it(page, browser):
    browser.open(page / "index.html", 1280)
    links = browser.value(
        "[...document.querySelectorAll('nav a')].map(a => a.getAttribute('href'))"
    )
    sections = browser.value("[...document.querySelectorAll('section')].map(s => '#' + s.id)")
    assert links == sections
    assert len(links) == 3


def test_the_page_is_dark_where_the_reader_s_screen_is(page, browser):
    grounds = []
    for scheme in ("light", "dark"):
        media = [{"name": "prefers-color-scheme", "value": scheme}]
        browser("Emulation.setEmulatedMedia", features=media)
        browser.open(page / "index.html", 1280)
        grounds.append(browser.value("getComputedStyle(document.body).backgroundColor"))
    browser("Emulation.setEmulatedMedia", features=[])
    assert grounds == ["rgb(255, 255, 255)", "rgb(22, 22, 22)"]


def test_what_is_folded_is_there_on_paper(page, browser):
    height = "document.querySelector('details:not([open]) table').getBoundingClientRect().height"
    browser.open(page / "index.html", 1280)
    browser("Emulation.setEmulatedMedia", media="print")
    shown = browser.value(f"{height} > 0 && document.querySelector('details').checkVisibility()")
    inside = browser.value(
        "document.querySelector('details:not([open]) td').checkVisibility("
        "{contentVisibilityAuto: true, opacityProperty: true})"
    )
    browser("Emulation.setEmulatedMedia", media="")
    assert (shown, inside) == (True, True)
    folded = browser.value("document.querySelector('details:not([open]) td').checkVisibility()")
    assert not folded


def test_hostile_names_are_text(page, browser):
    browser.open(page / "index.html", 1200)
    assert browser.value("document.scripts.length") == 0
    assert browser.value("document.querySelectorAll('[onerror]').length") == 0
    text = browser.value("document.body.textContent")
    assert EVIL in text
    assert "onerror=alert(2)" in text
    assert "b&b" in text


def test_the_page_says_what_there_is(page, browser):
    browser.open(page / "index.html", 1200)
    text = browser.value("document.body.textContent")
    for wanted in ("Choose quality 25", "Noise: of U = 24,576 bits", "result.json is not whole",
                   "running", "epoch 20 of 20", "Student's t"):  # fmt: skip
        assert wanted in text
    assert browser.value("getComputedStyle(document.body).fontSize") == "16px"


def test_the_page_refers_to_nothing_outside(page):
    text = (page / "index.html").read_text(encoding="utf-8")
    assert set(re.findall(r'(?:src|href)="(\w+):', text)) == {"data"}
    assert not re.search(r"<(?:link|script|iframe|object)|@import|url\(", text)
    assert "default-src 'none'" in text


def test_figures_are_written_as_svg_and_png(page):
    stems = {path.stem for path in (page / "figures").glob("*.svg")}
    assert stems == {path.stem for path in (page / "figures").glob("*.png")}
    for what in ("accuracy_rate", "accuracy_bits", "accuracy_scan_bits", "convergence", "curves",
                 "accuracy_parameters", "confusion", "sheet"):  # fmt: skip
        assert f"cifar-sample_{what}" in stems
    assert "live_running" in stems
    for path in (page / "figures").glob("*"):
        if path.suffix == ".png":
            assert Image.open(path).width == 1000
        else:
            ElementTree.parse(path)


def test_the_confusions_are_those_of_the_first_network(tmp_path):
    """Which is that of most runs, and not the first in the alphabet."""
    for model, seeds in (("all-cnns", 1), ("cnns-dense-64", 3)):
        for rate, seed in itertools.product((0, 5), range(seeds)):
            make_run(tmp_path / "logs", rate=rate, seed=seed, model=model, top=0.7)
    report.main([str(tmp_path / "logs"), "--out", str(tmp_path / "out")])
    text = (tmp_path / "out" / "index.html").read_text(encoding="utf-8")
    assert "Confusion matrix of cnns-dense-64" in text


def test_the_sheet_shows_the_pixels_that_the_network_saw(page):
    """A pixel of the PNG figure, 200 dots an inch, is that of the prepared image."""
    items = np.random.default_rng(0).integers(0, 256, (4, 32, 32, 3), np.uint8)
    figure = np.asarray(Image.open(page / "figures/cifar-sample_sheet.png").convert("RGB"))
    shown = {tuple(c) for c in figure.reshape(-1, 3)}
    assert sum(tuple(c) in shown for c in items[0].reshape(-1, 3)) > 1000


def test_sounds_of_the_sample_can_be_heard_at_every_rate():
    found, silent = SOUND.listen({"source": "sample"}, SOUND.published, [0, 32, 8])
    assert silent == ""
    assert {media for media, _, _ in found.values()} == {"audio/flac"}
    clips = [soundfile.read(io.BytesIO(file))[0] for _, file, _ in found.values()]
    assert len({clip.shape for clip in clips}) == 1
    assert not np.array_equal(clips[0], clips[2])
    sizes = [size for _, _, size in found.values()]
    assert sizes[0] > 4 * sizes[1] > 4 * sizes[2]
    opus, silent = SOUND.listen({"source": "sample"}, SOUND.codecs["opus"], [0, 32])
    assert (opus[0], silent) == (found[0], "")  # uncompressed is of no codec


def test_no_sound_of_idmt_is_passed_on_and_a_lost_source_is_no_error(tmp_path):
    for folder, label in ((f, label) for f, labels in CLASS_FOLDERS.items() for label in labels):
        (tmp_path / "unpacked" / folder / "Samples" / label).mkdir(parents=True)
        for number in range(5):
            (tmp_path / "unpacked" / folder / "Samples" / label / f"{number}.wav").touch()
    for source in ("idmt", str(tmp_path / "unpacked")):
        found, silent = SOUND.listen({"source": source}, SOUND.published, [0])
        assert (found, "licence" in silent) == ({}, True)
    found, silent = SOUND.listen({"source": "/not/there"}, SOUND.published, [0])
    assert (found, "cannot be played" in silent) == ({}, True)
