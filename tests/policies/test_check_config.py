"""The check of the pack's configuration files, as `make preview` and `make up` run it."""

from __future__ import annotations

import io
import json
import runpy
import shutil
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any, NamedTuple

import pytest

PACK = Path(__file__).parents[2] / "policypacks" / "delegation"
BOUNDED, TYPES, USERS = "iam-role-management-is-bounded", "delegation-types-are-judged", "iam-no-user-management"
NETWORKS = "iam-assume-role-requires-source-ip"
ROLES = "iam-assume-role-names-roles"
TRUST = "iam-trust-requires-mfa"
VENDOR = {"account": "999999999999", "externalId": "abc-123", "reason": "scans"}
PIPELINE = {"provider": "id.example.com", "claim": "sub", "values": ["team-*"], "reason": "our own"}
EXEMPT = {"resource": "access-role", "reason": "on trial", "until": "2999-12-31"}


def wide(cidr: str) -> dict[str, str]:
    return {"cidr": cidr, "reason": "on trial"}


IN_ORDER: list[dict[str, Any]] = [
    {},
    {TRUST: "mandatory"},
    {"all": "mandatory"},
    {"iam-source-ip-can-match": "disabled"},
    {NETWORKS: {"allowedCidrs": [], "mode": "both", "enforcementLevel": "mandatory"}},
    {NETWORKS: {"allowedCidrs": ["198.51.100.7", "2001:db8::/48"]}},
    {TRUST: {"exempt": [EXEMPT]}},
    {TRUST: {"exempt": [{**EXEMPT, "resource": "urn:pulumi:x::delegation::a:b$aws:iam/role:Role::access-role"}]}},
    {TRUST: {"exempt": [{**EXEMPT, "resource": "urn:pulumi:x::delegation::a:b$aws:iam/role:Role::access-*"}]}},
    {USERS: {"securityAccountId": "111111111111"}},
    {BOUNDED: {"protectedRoles": ["OrganizationAccountAccessRole", "delegation-*", "breakglass"]}},
    {TYPES: {"allowedTypes": ["aws:s3/bucket:Bucket", "aws-native:s3:Bucket", "kubernetes:apps/v1:Deployment"]}},
    {NETWORKS: {"allowedCidrs": [wide("8.8.0.0/24"), "8.8.1.0/24"]}},
    {NETWORKS: {"allowedCidrs": [wide("8.0.0.0/8"), wide("2003::/19")]}},
    {"iam-policy-size": {"trustPolicyQuota": 8192}},
    {ROLES: {"targetAccounts": ["222222222222"], "accessRoles": ["TSU-IAM-ACCESS"]}},
    {NETWORKS: {"byAccount": {"222222222222": {"allowedCidrs": ["198.51.100.7"], "mode": "session"}}}},
    {TRUST: {"vendors": [VENDOR]}},
    {NETWORKS: {"together": True}},
    {"iam-trust-binds-federation": {"pipelines": [PIPELINE]}},
]
"""Files that pass."""
PROBLEMS: list[tuple[Any, str]] = [
    ("{", "it is not JSON"),
    ("[]", "it is not a JSON object"),
    ('{"%s": {}, "%s": {}}' % (TRUST, TRUST), "stands twice"),  # noqa: UP031
    ({NETWORKS: {"together": "yes"}}, 'together is "yes", not true or false'),
    ({TRUST: {"vendors": ["999999999999"]}}, "not an object of account, externalId, reason"),
    ({TRUST: {"vendors": [{**VENDOR, "external_id": "x"}]}}, "vendors[0] has no property external_id."),
    ({TRUST: {"vendors": [{**VENDOR, "externalId": ""}]}}, "shorter than 2 characters"),
    ({TRUST: {"vendors": [{**VENDOR, "account": "x"}]}}, "vendors[0].account is 'x', not 12 digits"),
    ({TRUST: {"vendors": [{"account": "999999999999", "reason": "x"}]}}, "vendors[0] has no externalId"),
    ({"iam-trust-require-mfa": {}}, "Did you mean iam-trust-requires-mfa?"),
    ({"iam-trust-require-mfa": "disabled"}, "the pack has no such policy"),
    ({TRUST: "disabled"}, "disabled lowers a mandatory policy"),
    ({TRUST: "advisory"}, "advisory lowers a mandatory policy"),
    ({TRUST: {"enforcementLevel": "advisory"}}, "advisory lowers a mandatory policy"),
    ({"all": "advisory"}, "advisory lowers mandatory policies"),
    ({"all": {"enforcementLevel": "disabled"}}, "disabled lowers mandatory policies"),
    ({"all": {"allowedCidrs": []}}, "all: it has no property allowedCidrs"),
    ({"delegation-exemptions-used": "disabled"}, "may not be disabled"),
    ({TRUST: "strict"}, '"strict" is no enforcement level'),
    ({TRUST: 3}, "3 is no enforcement level"),
    ({NETWORKS: {"allowedCidr": []}}, "Did you mean allowedCidrs?"),
    ({TRUST: {"allowedCidrs": []}}, "it has no property allowedCidrs"),
    ({NETWORKS: {"allowedCidrs": "203.0.113.10"}}, "not a list"),
    ({NETWORKS: {"allowedCidrs": [203]}}, "allowedCidrs[0] is 203, not a text"),
    ({NETWORKS: {"allowedCidrs": ["8.8.8.8/24"]}}, "has host bits set"),
    ({NETWORKS: {"allowedCidrs": ["8.8.0.0/24", "8.8.1.0/24"]}}, "holds all of 8.8.0.0/23, wider than /24"),
    ({NETWORKS: {"allowedCidrs": ["2001:db8::/48", "2001:db8:1::/48"]}}, "holds all of 2001:db8::/47"),
    ({NETWORKS: {"allowedCidrs": [wide("0.0.0.0/1"), wide("128.0.0.0/1")]}}, "more than a /8 of IPv4"),
    ({NETWORKS: {"allowedCidrs": [wide(f"{i}.0.0.0/9") for i in range(1, 9, 2)]}}, "more than a /8 of IPv4"),
    ({NETWORKS: {"allowedCidrs": [wide("2000::/3")]}}, "more than a /19 of IPv6"),
    ({NETWORKS: {"allowedCidrs": ["203.0.113.300"]}}, "no address and no CIDR"),
    ({NETWORKS: {"allowedCidrs": ["8.8.8.0/23"]}}, 'wider than /24: write {"cidr": "8.8.8.0/23", "reason": "…"}'),
    ({NETWORKS: {"allowedCidrs": ["2001:db8::/47"]}}, "wider than /48"),
    ({NETWORKS: {"allowedCidrs": [wide("0.0.0.0/0")]}}, "which would switch the policy off"),
    ({NETWORKS: {"allowedCidrs": [{"cidr": "8.8.0.0/16"}]}}, "nor an object of cidr and reason"),
    ({NETWORKS: {"allowedCidrs": [{"cidr": "8.8.0.0/16", "reason": " "}]}}, "nor an object of cidr and reason"),
    ({NETWORKS: {"allowedCidrs": [{"cidr": "8.8.0.0/16", "reason": "x", "by": "zoë"}]}}, '"by": "zoë"}, not'),
    ({NETWORKS: {"mode": "none"}}, "it must be one of grant, session, both"),
    ({ROLES: {"targetAccounts": ["2222"]}}, "targetAccounts[0] is '2222', not 12 digits"),
    ({ROLES: {"accessRoles": "ACCESS"}}, "not a list"),
    ({NETWORKS: {"byAccount": []}}, "byAccount is [], not an object"),
    ({NETWORKS: {"byAccount": {"2222": {}}}}, "'2222' is not 12 digits"),
    (
        {NETWORKS: {"byAccount": {"222222222222": []}}},
        "byAccount.222222222222 is [], not an object of allowedCidrs, mode",
    ),
    ({NETWORKS: {"byAccount": {"222222222222": {"modus": "both"}}}}, "no property modus. Did you mean mode?"),
    ({NETWORKS: {"byAccount": {"222222222222": {"mode": "none"}}}}, "it must be one of grant, session, both"),
    ({NETWORKS: {"byAccount": {"222222222222": {"allowedCidrs": ["8.8.8.0/23"]}}}}, "wider than /24"),
    ({"iam-trust-names-users-only": {"adminUsers": [1]}}, "adminUsers[0] is 1, not a text"),
    ({"iam-policy-size": {"trustPolicyQuota": 9000}}, "outside 2048 to 8192"),
    ({"iam-policy-size": {"trustPolicyQuota": True}}, "not a whole number"),
    ({TRUST: {"exempt": {}}}, "exempt is not a list"),
    ({TRUST: {"exempt": ["access-role"]}}, "exempt[0] does not count"),
    ({TRUST: {"exempt": [{**EXEMPT, "reason": ""}]}}, "it has no reason"),
    ({TRUST: {"exempt": [EXEMPT, {**EXEMPT, "until": "2026-01-31"}]}}, "exempt[1] does not count: it ended"),
    ({TRUST: {"exempt": [{**EXEMPT, "until": "20990131"}]}}, "no day in the form YYYY-MM-DD"),
    *(
        ({TRUST: {"exempt": [{**EXEMPT, "resource": pattern}]}}, "for more than it says")
        for pattern in (
            *("*", "?", "urn:*", "*e*", "access-*", "urn:pulumi:*", "urn:pulumi:preprod::*", "*::access-role"),
            *("urn:pulumi:preprod::delegation::*", "urn:pulumi:preprod::delegation::aws:iam/role:Role::*"),
            "urn:pulumi:*::delegation::aws:iam/role:Role::access-*",
            "urn:pulumi:preprod::delegation::aws:iam/*:Role::access-*",
            "urn:pulumi:preprod::delegation::aws:iam/role:Role::*-role",
        )
    ),
    ({USERS: {"securityAccountId": "222222222222"}}, "111111111111 and 222222222222 together with default.json"),
    (
        {TRUST: {"vendors": [{"account": "111111111111", "externalId": "abc", "reason": "scans"}]}},
        "vendors has 111111111111, the Security account",
    ),
    ({BOUNDED: {"protectedRoles": ["delegation-*"]}}, "lacks OrganizationAccountAccessRole"),
    ({BOUNDED: {"protectedRoles": ["OrganizationAccountAccessRole", "delegation-*", "*"]}}, "every role there is"),
    ({TYPES: {"allowedTypes": ["aws:iam/*"]}}, "no type of resources"),
    ({TYPES: {"allowedTypes": ["*"]}}, "no type of resources"),
    ({TYPES: {"otherTypes": "allow"}}, "it must be one of pass, refuse"),
    ({TRUST: {"exempt": [{**EXEMPT, "ticket": "1"}]}}, "'ticket' is none of"),
    ({"iam-source-ip-can-match": {"exempt": [EXEMPT]}}, "it has no property exempt"),
]
"""Files with one problem, and what is said of it."""


class Ended(NamedTuple):
    """How a check ended, and what it wrote."""

    returncode: int
    stdout: str
    stderr: str


def check(*files: Path | str) -> Ended:
    return run(PACK, *files)


def run(pack: Path, *files: Path | str) -> Ended:
    """Run the check of a pack in this process."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = runpy.run_path(str(pack / "check_config.py"))["main"](list(map(str, files)))
    return Ended(code, out.getvalue(), err.getvalue())


def run_alone(pack: Path, *files: Path | str) -> Ended:
    """Run the check of a pack as a process without site packages: it must not need any."""
    command = [sys.executable, "-S", str(pack / "check_config.py"), *map(str, files)]
    done = subprocess.run(command, capture_output=True, text=True)
    return Ended(done.returncode, done.stdout, done.stderr)


@pytest.mark.parametrize("file", sorted(PACK.glob("config/*.json")), ids=lambda file: file.name)
def test_the_repository_s_own_files_are_in_order(file: Path) -> None:
    assert check(file) == (0, "", "")


@pytest.mark.parametrize("contents", [IN_ORDER, [content for content, _ in PROBLEMS]], ids=["in order", "problems"])
def test_it_runs_without_site_packages(tmp_path: Path, contents: list[Any]) -> None:
    files = [tmp_path / f"{number}.json" for number in range(len(contents))]
    for file, content in zip(files, contents, strict=True):
        file.write_text(content if isinstance(content, str) else json.dumps(content))
    assert run_alone(PACK, *files) == check(*files)


@pytest.mark.parametrize("content", IN_ORDER, ids=json.dumps)
def test_a_file_in_order_passes_in_silence(tmp_path: Path, content: Any) -> None:
    file = tmp_path / "config.json"
    file.write_text(json.dumps(content))
    result = check(file)
    assert (result.returncode, result.stderr) == (0, "")


@pytest.mark.parametrize(("content", "says"), PROBLEMS, ids=str)
def test_one_problem_is_one_line_that_names_the_file(tmp_path: Path, content: Any, says: str) -> None:
    file = tmp_path / "config.json"
    file.write_text(content if isinstance(content, str) else json.dumps(content))
    result = check(file)
    (line,) = result.stderr.splitlines()
    assert result.returncode == 1
    assert line.startswith(f"{file}: ")
    assert says in line


def test_all_problems_of_all_files_are_said(tmp_path: Path) -> None:
    first, second = tmp_path / "first.json", tmp_path / "second.json"
    first.write_text('{"x": {}, "all": "disabled"}')
    second.write_bytes(b"\xff")
    result = check(first, second, tmp_path / "missing.json")
    assert result.returncode == 1
    assert len(result.stderr.splitlines()) == 4
    assert "Traceback" not in result.stderr


def test_a_wide_range_passes_with_its_reason_and_is_reported(tmp_path: Path) -> None:
    file = tmp_path / "config.json"
    wide = {"cidr": "165.225.0.0/16", "reason": "our proxy's published range"}
    own = {"222222222222": {"allowedCidrs": [wide]}}
    file.write_text(json.dumps({NETWORKS: {"allowedCidrs": ["198.51.100.7", wide], "byAccount": own}}))
    result = check(file)
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout == (
        f"{file}: {NETWORKS}: allowedCidrs[1]: 165.225.0.0/16 is allowed because: our proxy's published range\n"
        f"{file}: {NETWORKS}: byAccount.222222222222.allowedCidrs[0]: 165.225.0.0/16 is allowed because: "
        "our proxy's published range\n"
    )


def test_no_file_is_a_wrong_start() -> None:
    assert check() == run_alone(PACK)
    assert check().returncode == 2


DEFAULT = """{"all": {"securityAccountId": "111111111111", "protectedRoles": ["breakglass"]}}"""


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    """A copy of the pack, to change what all stacks share."""
    copy = tmp_path / "pack"
    shutil.copytree(PACK, copy, ignore=shutil.ignore_patterns(".venv", "__pycache__"))
    return copy


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("{", "it is not JSON"),
        ('{"all": {}, "all": {}}', "stands twice"),
        ({"all": {"securityAccountID": "111111111111"}}, "Did you mean securityAccountId?"),
        ({"all": {"securityAccountId": "1111"}}, "all: securityAccountId is '1111', not 12 digits"),
        ({"all": {"securityAccountId": 111111111111}}, "not a text"),
        ({"all": {"exempt": [EXEMPT]}}, "all: it has no property exempt"),
        ({"all": {"enforcementLevel": "disabled"}}, "all: it has no property enforcementLevel"),
        ({"all": "disabled"}, "all: it is not an object of properties"),
        ({TRUST: "disabled"}, "a level has no place here"),
        ({TRUST: {"enforcementLevel": "mandatory"}}, "a level has no place here"),
        ({"iam-trust-require-mfa": {}}, "Did you mean iam-trust-requires-mfa?"),
        ({USERS: {"securityAccountId": "222222222222"}, "all": {"securityAccountId": "111111111111"}}, "one Security"),
        ({NETWORKS: {"allowedCidrs": ["8.0.0.0/8"]}}, "wider than /24"),
        (None, "it cannot be read"),
    ],
    ids=str,
)
def test_what_all_stacks_share_is_checked_with_each_file(pack: Path, content: Any, says: str) -> None:
    default = pack / "config" / "default.json"
    default.unlink()
    if content is not None:
        default.write_text(content if isinstance(content, str) else json.dumps(content))
    result = run(pack, pack / "config" / "preprod.json")
    (line,) = result.stderr.splitlines()
    assert line.startswith(f"{default}: ")
    assert says in line


def test_a_stack_may_add_to_what_all_share_and_not_take_away(pack: Path) -> None:
    (pack / "config" / "default.json").write_text(DEFAULT)
    stack = pack / "config" / "preprod.json"
    for roles, problems in ((["breakglass", "more"], 0), (["more"], 1), ([], 1)):
        stack.write_text(json.dumps({BOUNDED: {"protectedRoles": roles}}))
        result = run_alone(pack, stack)
        assert len(result.stderr.splitlines()) == problems
