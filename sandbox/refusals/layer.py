"""The layer: a WSGI application around the local server's."""

from __future__ import annotations

import io
import re
import threading
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from sandbox.refusals import answers
from sandbox.refusals.account import Account
from sandbox.refusals.amendments import AMENDMENTS, Afterwards
from sandbox.refusals.answers import Answer, IamError
from sandbox.refusals.checks import check
from sandbox.refusals.conditions import Conditions
from sandbox.refusals.names import check_names

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-authentication-methods.html
_SIGNED = re.compile(r"Credential=(?P<key>[^/]+)/\d{8}/(?P<region>[^/]+)/(?P<service>[^/]+)/aws4_request")


class Layer:
    """Refuses and amends calls of IAM; all other services pass.

    Args:
        server: The local AWS server, in this process.
        conditions: How it answers; kept, so that it may be changed later.
    """

    def __init__(self, server: WSGIApplication, conditions: Conditions | None = None) -> None:
        self._server = server
        self._conditions = conditions or Conditions()
        # AWS keeps its quotas under concurrent writes; here they are looked up first, so one call at a time.
        self._lock = threading.Lock()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        signed = _SIGNED.search(environ.get("HTTP_AUTHORIZATION", ""))
        if signed is None or signed["service"] != "iam":
            answer = list(self._server(environ, start_response))
        else:
            answer = self._iam(signed["key"], signed["region"], environ, start_response)
        self._conditions.wait()
        return answer

    def _iam(self, key: str, region: str, environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
        parameters = _parameters(environ)
        try:
            self._conditions.may_fail()
            with self._lock:
                amended = _judged(_account(key, region), parameters)
                if isinstance(amended, Answer):
                    return list(amended(start_response))
                answer = list(self._server(environ, start_response))
                if amended:
                    amended()
                return answer
        except IamError as problem:
            return list(answers.error(problem)(start_response))


def _judged(account: Account, parameters: Mapping[str, str]) -> Answer | Afterwards | None:
    """Return the answer, or what is to be put right after the server's; raises IamError for what AWS refuses."""
    action = parameters.get("Action", "")
    check_names(parameters)
    check(action, account, parameters)
    amend = AMENDMENTS.get(action)
    return amend(account, parameters) if amend else None


def _account(key: str, region: str) -> Account:
    from moto.iam.models import get_account_id_from
    from moto.utilities.utils import get_partition

    return Account(get_account_id_from(key), get_partition(region))


def _parameters(environ: WSGIEnvironment) -> dict[str, str]:
    """Return the parameters of IAM's query protocol, and leave the body as it was."""
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    environ["wsgi.input"] = io.BytesIO(body)
    return dict(parse_qsl(body.decode(), keep_blank_values=True))
