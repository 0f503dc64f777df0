"""Answers of IAM in its XML form: https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse

_NAMESPACE = "https://iam.amazonaws.com/doc/2010-05-08/"
_STATUS: Mapping[str, str] = {
    "DeleteConflict": "409 Conflict",
    "EntityAlreadyExists": "409 Conflict",
    "LimitExceeded": "409 Conflict",
    "MalformedPolicyDocument": "400 Bad Request",
    "NoSuchEntity": "404 Not Found",
    "ServiceFailure": "500 Internal Server Error",
    "Throttling": "400 Bad Request",
    "ValidationError": "400 Bad Request",
}
"""HTTP status by error code, as the API reference lists them under each operation."""


class IamError(Exception):
    """AWS answers the call with an error."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


@dataclass(frozen=True)
class Answer:
    """One HTTP answer."""

    status: str
    body: str

    def __call__(self, start_response: StartResponse) -> Iterable[bytes]:
        """Send it, as a WSGI application does."""
        body = self.body.encode()
        start_response(self.status, [("Content-Type", "text/xml"), ("Content-Length", str(len(body)))])
        return [body]


def error(problem: IamError) -> Answer:
    """Return the answer that carries an error."""
    blame = "Receiver" if _STATUS[problem.code].startswith("5") else "Sender"
    return Answer(
        _STATUS[problem.code],
        f'<ErrorResponse xmlns="{_NAMESPACE}"><Error><Type>{blame}</Type><Code>{problem.code}</Code>'
        f"<Message>{escape(problem.message)}</Message></Error>{_request_id()}</ErrorResponse>",
    )


def success(action: str, result: str = "") -> Answer:
    """Return the answer to an action that succeeded; `result` is the XML inside its result element."""
    inner = f"<{action}Result>{result}</{action}Result>" if result else ""
    return Answer(
        "200 OK",
        f'<{action}Response xmlns="{_NAMESPACE}">{inner}'
        f"<ResponseMetadata>{_request_id()}</ResponseMetadata></{action}Response>",
    )


def _request_id() -> str:
    return f"<RequestId>{uuid.uuid4()}</RequestId>"
