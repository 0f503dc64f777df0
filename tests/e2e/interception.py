"""Stands between Pulumi and the local accounts, and holds a call at a chosen point of an update."""

from __future__ import annotations

import sys
import threading
import urllib.error
import urllib.request
from contextlib import AbstractContextManager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self
from urllib.parse import parse_qs

_OF_THE_CONNECTION = {"connection", "content-length", "date", "server", "transfer-encoding"}


@dataclass(frozen=True, kw_only=True)
class Point:
    """A moment of an update, counted by its calls to AWS."""

    call: int
    """The call that is never answered, from 1."""
    changing: bool = True
    """Only calls that change something are counted; otherwise all."""
    carried_out: bool
    """Whether AWS does what this call asks for."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of a client that was killed before its answer came."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


class Interception(AbstractContextManager["Interception"]):
    """A proxy on loopback; a context manager.

    Args:
        to: URL of the local accounts.
        point: The call that is never answered. Later calls of its kind are neither carried out nor answered, so that
            an update stands still there.
    """

    def __init__(self, to: str, point: Point) -> None:
        self._to = to
        self._point = point
        self._lock = threading.Lock()
        self._counted = 0
        self._ended = threading.Event()
        self.reached = threading.Event()
        """Set once the point is reached and, if it shall be, its call is carried out."""
        self._server = _Server(("127.0.0.1", 0), self._handler())
        self.endpoint = f"http://127.0.0.1:{self._server.server_port}"
        """URL that takes the place of the local accounts'."""

    def __enter__(self) -> Self:
        # Half a second by default, which leaving would wait for.
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._server.shutdown()
        self._server.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        interception = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                place = interception._place(body)
                if place > 0 or (place == 0 and not interception._point.carried_out):
                    interception._hold()
                    return
                status, headers, answer = interception._pass_on(self.path, dict(self.headers), body)
                if place == 0:
                    interception._hold()
                    return
                self.send_response(status)
                for name, value in headers.items():
                    if name.lower() not in _OF_THE_CONNECTION:
                        self.send_header(name, value)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, format: str, *args: object) -> None:
                """Say nothing."""

        return Handler

    def _place(self, body: bytes) -> int:
        """Count a call; return where it stands: before the point (-1), at it (0), after it (1)."""
        action = parse_qs(body.decode()).get("Action", [""])[0]
        if self._point.changing and action.startswith(("Get", "List", "AssumeRole")):
            return -1
        with self._lock:
            self._counted += 1
            return (self._counted > self._point.call) - (self._counted < self._point.call)

    def _hold(self) -> None:
        self.reached.set()
        self._ended.wait()

    def _pass_on(self, path: str, headers: dict[str, str], body: bytes) -> tuple[int, dict[str, str], bytes]:
        # The host is signed: it stays the one that the client meant.
        request = urllib.request.Request(self._to + path, data=body, headers=headers, method="POST")  # noqa: S310
        try:
            with urllib.request.urlopen(request) as response:  # noqa: S310
                return response.status, dict(response.headers), response.read()
        except urllib.error.HTTPError as refused:
            with refused:
                return refused.code, dict(refused.headers), refused.read()
