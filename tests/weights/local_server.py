"""A real HTTP server on this machine whose answers can be made to fail in the ways that servers and networks do."""

import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

MARK = '"first"'


@dataclass
class Server:
    """What it has and how it behaves; tests change it while it runs.

    Attributes:
        files: contents by path. ranges: whether it continues files. etag: of every file, empty for none.
        cuts: for each coming answer, after how many bytes of the body the connection ends.
        statuses: for each coming answer, an error to give instead.
        claimed: a Content-Length that is not true. kind: Content-Type.
        pace: seconds between blocks of 64 kB. moved: paths that lead to others.
        asked: (path, range, If-Range) of every request.
    """

    files: dict[str, bytes]
    ranges: bool = True
    etag: str = MARK
    cuts: list[int] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    claimed: int | None = None
    chunked: bool = False
    kind: str = "application/octet-stream"
    pace: float = 0.0
    moved: dict[str, str] = field(default_factory=dict)
    asked: list[tuple[str, str | None, str | None]] = field(default_factory=list)
    address: str = ""


class _Handler(BaseHTTPRequestHandler):
    def log_message(self, format, *args):
        return None

    def do_GET(self):
        server = self.server.about
        wanted, condition = self.headers.get("Range"), self.headers.get("If-Range")
        server.asked.append((self.path, wanted, condition))
        if server.statuses:
            return self.send_error(server.statuses.pop(0))
        if self.path in server.moved:
            self.send_response(302)
            self.send_header("Location", server.moved[self.path])
            self.send_header("Content-Length", "0")
            return self.end_headers()
        content = server.files.get(self.path)
        if content is None:
            return self.send_error(404)
        start = 0
        if server.ranges and wanted and condition in (None, server.etag):
            start = int(wanted.removeprefix("bytes=").removesuffix("-"))
            if start >= len(content):
                return self.send_error(416)
        self._send(server, content, start, bool(start))

    def _send(self, server, content, start, partial):
        self.send_response(206 if partial else 200)
        if partial:
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        if server.etag:
            self.send_header("ETag", server.etag)
        self.send_header("Content-Type", server.kind)
        if not server.chunked:
            self.send_header("Content-Length", str(server.claimed or len(content) - start))
        self.end_headers()
        body = content[start:]
        if server.cuts:
            body = body[: server.cuts.pop(0)]
        for position in range(0, len(body), 65536):
            try:
                self.wfile.write(body[position : position + 65536])
            except (BrokenPipeError, ConnectionResetError):
                return
            time.sleep(server.pace)
        self.close_connection = True


@contextmanager
def serving(files):
    """A :class:`Server` that runs while inside."""
    about = Server(files)
    with ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as server:
        server.about = about
        about.address = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield about
        finally:
            server.shutdown()
            thread.join()
