"""Downloads, from a server on this machine."""

import hashlib
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from helmholtz.errors import DataError
from helmholtz.io.download import fetch

CONTENT = bytes(range(256)) * 1000


class Handler(BaseHTTPRequestHandler):
    """/whole ignores Range, /ranged honours it, /cut ends early, /wrong serves something else,
    /untold does not say its size, and /zenodo answers 416 when nothing is left."""

    def do_GET(self):
        self.server.asked.append((self.path, self.headers.get("Range")))
        start = 0
        if self.path in ("/ranged", "/zenodo") and "Range" in self.headers:
            start = int(self.headers["Range"].split("=")[1].rstrip("-"))
        if self.path == "/missing" or (self.path == "/zenodo" and start >= len(CONTENT)):
            self.send_error(404 if self.path == "/missing" else 416)
            return
        body = CONTENT[start:] if self.path != "/wrong" else b"x" * len(CONTENT)
        self.send_response(206 if start else 200)
        if self.path != "/untold":
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: len(body) // 2] if self.path == "/cut" else body)

    def log_message(self, *_):
        pass


@pytest.fixture
def server():
    with HTTPServer(("127.0.0.1", 0), Handler) as running:
        running.asked = []
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield running
        running.shutdown()


def archive(server, *paths):
    urls = [f"http://127.0.0.1:{server.server_port}{path}" for path in paths]
    digest = hashlib.sha256(CONTENT).hexdigest()
    return {"urls": urls, "bytes": len(CONTENT), "hash": f"sha256:{digest}"}


def test_the_next_mirror_goes_on_where_the_first_broke_off(server, tmp_path):
    path = tmp_path / "data" / "archive"
    fetch(archive(server, "/missing", "/cut", "/ranged"), path)
    assert path.read_bytes() == CONTENT
    assert server.asked[-1] == ("/ranged", f"bytes={len(CONTENT) // 2}-")
    assert not path.with_name("archive.part").exists()


def test_a_partial_download_that_is_wrong_is_started_anew(server, tmp_path):
    path = tmp_path / "archive"
    path.with_name("archive.part").write_bytes(b"wrong")
    fetch(archive(server, "/ranged"), path)
    assert path.read_bytes() == CONTENT
    assert [asked for _, asked in server.asked] == ["bytes=5-", None]


def test_a_server_without_ranges_starts_from_the_beginning(server, tmp_path):
    (tmp_path / "archive.part").write_bytes(CONTENT[:1000])
    fetch(archive(server, "/whole"), tmp_path / "archive")
    assert (tmp_path / "archive").read_bytes() == CONTENT


def test_a_server_may_keep_its_size_to_itself(server, tmp_path):
    fetch(archive(server, "/untold") | {"bytes": None}, tmp_path / "archive")
    assert (tmp_path / "archive").read_bytes() == CONTENT


@pytest.mark.parametrize("have", [0, 1, 1000, len(CONTENT)])
def test_a_download_of_unknown_size_is_finished_from_anywhere(have, server, tmp_path):
    (tmp_path / "x.zip.part").write_bytes(CONTENT[:have])
    fetch(archive(server, "/zenodo") | {"bytes": None}, tmp_path / "x.zip")
    assert (tmp_path / "x.zip").read_bytes() == CONTENT


def test_a_partial_file_of_that_size_that_is_wrong_is_thrown_away(server, tmp_path):
    (tmp_path / "x.zip.part").write_bytes(b"x" * len(CONTENT))
    fetch(archive(server, "/zenodo", "/zenodo") | {"bytes": None}, tmp_path / "x.zip")
    assert (tmp_path / "x.zip").read_bytes() == CONTENT


def test_a_wrong_answer_is_thrown_away_and_the_next_mirror_asked(server, tmp_path):
    fetch(archive(server, "/wrong", "/whole"), tmp_path / "archive")
    assert (tmp_path / "archive").read_bytes() == CONTENT


def test_without_network_the_sentence_says_what_else_to_do(tmp_path):
    nowhere = {"urls": ["http://127.0.0.1:9/x"], "bytes": 1, "hash": "sha256:00"}
    with pytest.raises(DataError, match="--source sample"):
        fetch(nowhere, tmp_path / "archive")
    assert not (tmp_path / "archive").exists()
