"""The bootstrap templates, with their parameters filled in as CloudFormation does it."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator
from fnmatch import fnmatchcase
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

TEMPLATES = Path(__file__).parents[2] / "bootstrap"
ACCOUNTS = {"security": "111111111111", "target": "222222222222"}
SUBJECTS = {
    "DeploySubjects": "repo:your-org/delegation:environment:security,repo:your-org/delegation:environment:preprod",
    "PreviewSubjects": "repo:your-org/delegation:pull_request,repo:your-org/delegation:ref:refs/heads/main",
}

Template = dict[str, Any]
FillIn = Callable[..., Template]


class _Absent:
    """What !Ref AWS::NoValue leaves behind."""


@pytest.fixture(scope="session")
def template() -> Callable[[str], Template]:
    """A function that reads a template as it is written; tags are in their long form."""
    # Not for the test processes that read none: it takes longer than all else that they import for themselves.
    from cfnlint.decode import decode  # type: ignore[import-untyped]

    def read(kind: str) -> Template:
        content, problems = decode(str(TEMPLATES / f"{kind}.yaml"))
        assert not problems
        return content  # type: ignore[no-any-return]

    return read


@pytest.fixture(scope="session")
def create_stack() -> Callable[..., None]:
    """A function that applies a template through a CloudFormation client, as bootstrap/README.md does it by hand."""

    def create(client: Any, kind: str, **parameters: str) -> None:
        client.create_stack(
            StackName="delegation-bootstrap",
            TemplateBody=(TEMPLATES / f"{kind}.yaml").read_text(),
            Parameters=[
                {"ParameterKey": key, "ParameterValue": value} for key, value in (SUBJECTS | parameters).items()
            ],
            Capabilities=["CAPABILITY_NAMED_IAM"],
        )

    return create


@pytest.fixture(scope="session")
def filled_in(template: Callable[[str], Template]) -> FillIn:
    """A function that fills in a template's parameters, for an account of `partition`; returns its resources by logical
    id, without absent ones."""

    def fill_in(kind: str, *, partition: str = "aws", **parameters: str) -> Template:
        content = template(kind)
        given = SUBJECTS | parameters
        values: dict[str, Any] = {
            "AWS::Partition": partition,
            "AWS::Region": "us-east-1",
            "AWS::AccountId": ACCOUNTS[kind],
            "AWS::NoValue": _Absent(),
        }
        for name, declared in content["Parameters"].items():
            text = given.get(name, declared.get("Default"))
            values[name] = text.split(",") if declared["Type"] == "CommaDelimitedList" else text
        fill = _Filling(content, values)
        return {
            name: fill.value(resource["Properties"])
            for name, resource in content["Resources"].items()
            if fill.holds(resource.get("Condition"))
        }

    return fill_in


@pytest.fixture(scope="session")
def role_policy(filled_in: FillIn) -> Callable[..., list[dict[str, Any]]]:
    """A function that returns the statements of a bootstrap role's one inline policy."""

    def statements(kind: str, role: str, **parameters: str) -> list[dict[str, Any]]:
        (policy,) = filled_in(kind, **parameters)[role]["Policies"]
        return policy["PolicyDocument"]["Statement"]  # type: ignore[no-any-return]

    return statements


@pytest.fixture(scope="session")
def allows() -> Callable[..., bool]:
    """A function that decides a request as IAM does, for the elements and operators that the templates use."""

    def decide(statements: list[dict[str, Any]], action: str, resource: str, **context: str) -> bool:
        effects = {statement["Effect"] for statement in statements if _concerns(statement, action, resource, context)}
        return effects == {"Allow"}

    return decide


class _Filling:
    def __init__(self, content: Template, values: dict[str, Any]) -> None:
        self._content = content
        self._values = values

    def holds(self, condition: str | None) -> bool:
        return condition is None or self.value(self._content["Conditions"][condition])

    def value(self, node: Any) -> Any:
        """Return a node without its intrinsic functions."""
        if isinstance(node, list):
            return [item for item in map(self.value, node) if not isinstance(item, _Absent)]
        if not isinstance(node, dict):
            return node
        if len(node) == 1:
            ((name, argument),) = node.items()
            if name == "Ref":
                return self._values.get(argument, f"ref:{argument}")
            if name.startswith("Fn::"):
                return self._function(name, argument)
        filled = {key: self.value(item) for key, item in node.items()}
        return {key: item for key, item in filled.items() if not isinstance(item, _Absent)}

    def _function(self, name: str, argument: Any) -> Any:
        match name:
            case "Fn::If":
                condition, then, otherwise = argument
                return self.value(then if self.holds(condition) else otherwise)
            case "Fn::Equals":
                left, right = self.value(argument)
                return left == right
            case "Fn::Not":
                return not self.value(argument)[0]
            case "Fn::Join":
                separator, texts = self.value(argument)
                return str(separator).join(texts)
            case "Fn::GetAtt":
                return f"arn:{argument[0]}"
            case "Fn::Split":
                separator, text = argument
                return self.value(text).split(separator)
            case "Fn::Select":
                index, items = argument
                return self.value(items)[index]
            case "Fn::Sub":
                text, own = (argument, {}) if isinstance(argument, str) else (argument[0], self.value(argument[1]))
                return re.sub(r"\$\{([^}]+)\}", lambda hit: own.get(hit[1]) or self._variable(hit[1]), text)
        raise AssertionError(f"{name} is not used by the templates")

    def _variable(self, name: str) -> str:
        resource, dot, _ = name.partition(".")
        return f"arn:{resource}" if dot else str(self._values[name])


def _concerns(statement: dict[str, Any], action: str, resource: str, context: dict[str, str]) -> bool:
    assert statement.keys() <= {"Sid", "Effect", "Action", "NotAction", "Resource", "Condition"}
    if "NotAction" in statement:
        named = not _matches(statement["NotAction"], action.lower(), lower=True)
    else:
        named = _matches(statement["Action"], action.lower(), lower=True)
    return named and _matches(statement["Resource"], resource) and _met(statement.get("Condition", {}), context)


def _met(condition: dict[str, dict[str, Any]], context: dict[str, str]) -> bool:
    assert condition.keys() <= {"ArnEquals"}
    return all(
        _matches(wanted, context.get(key.partition(":")[2], ""))
        for wanted_by_key in condition.values()
        for key, wanted in wanted_by_key.items()
    )


def _matches(patterns: str | list[str], value: str, *, lower: bool = False) -> bool:
    listed = [patterns] if isinstance(patterns, str) else patterns
    return any(fnmatchcase(value, pattern.lower() if lower else pattern) for pattern in listed)


@pytest.fixture
def token_endpoint() -> Iterator[str]:
    """The runner's token endpoint, on loopback; the token tells what was asked for."""

    class Endpoint(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps({"value": f"{self.path} {self.headers['Authorization']}"}).encode())

        def log_message(self, *_: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Endpoint)
    # Half a second by default, which its end would wait for.
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/token?api-version=2.0"
    server.shutdown()
    thread.join()
    server.server_close()
