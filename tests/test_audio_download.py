"""The download of an archive whose size only the server knows."""

import hashlib
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from helmholtz.io.download import fetch

CONTENT = bytes(range(256)) * 1000


class Handler(BaseHTTPRequestHandler):
    """Answers as Zenodo does: ranges, and 416 when nothing is left."""

    def do_GET(self):
        start = int(self.headers.get("Range", "bytes=0-").split("=")[1].rstrip("-"))
        if start >= len(CONTENT):
            self.send_error(416)
            return
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(CONTENT) - start))
        self.end_headers()
        self.wfile.write(CONTENT[start:])

    def log_message(self, *_):
        pass


@pytest.fixture
def archive():
    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/x.zip?download=1"
        digest = hashlib.md5(CONTENT).hexdigest()
        yield {"urls": [url], "bytes": None, "hash": f"md5:{digest}"}
        server.shutdown()


@pytest.mark.parametrize("have", [0, 1, 1000, len(CONTENT)])
def test_a_download_of_unknown_size_is_finished_from_anywhere(have, archive, tmp_path):
    (tmp_path / "x.zip.part").write_bytes(CONTENT[:have])
    fetch(archive, tmp_path / "x.zip")
    assert (tmp_path / "x.zip").read_bytes() == CONTENT


def test_a_partial_file_that_is_wrong_is_thrown_away(archive, tmp_path):
    (tmp_path / "x.zip.part").write_bytes(b"x" * len(CONTENT))
    archive["urls"] *= 2
    fetch(archive, tmp_path / "x.zip")
    assert (tmp_path / "x.zip").read_bytes() == CONTENT
