"""The whole deployment under the bootstrap roles' permissions, on the real engine, with the state on S3.

How far the local accounts enforce IAM (moto 5.2.5): each request's action must be allowed by the policies of the role
that its credentials belong to. For S3 the resource counts too. For IAM it does not, an Allow counts only when its
Resource is `*`, and a statement with a condition refuses outright. So the server is given the templates' actions with
those elements widened, and the resources and conditions are checked afterwards, on the requests that it recorded.
Afterwards is when every process that writes records has ended: the server writes while it answers.
"""

from __future__ import annotations

import base64
import json
import re
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

import pytest

from sandbox import stack_files
from sandbox.workspace import Result, Workspace
from tests.workspaces import open_workspace

Statements = list[dict[str, Any]]

ACCOUNTS = {"security": "111111111111", "preprod": "222222222222"}
RUNNER = "999999999999"
"""The account from which the roles are assumed, as a human role's would be."""
ROLES = {"DeployRole": "delegation-deploy", "PreviewRole": "delegation-preview"}
SECURITY_AUDIT = "arn:aws:iam::aws:policy/SecurityAudit"
PARAMETERS = {
    "security": {"GroupNames": "IT-Admins,Auditors"},
    "target": {
        # One of them as a pattern.
        "RoleNames": "TSU-IAM-ACCESS,TSU-AUD*",
        "ManagedPolicyArns": f"arn:aws:iam::aws:policy/ReadOnlyAccess,{SECURITY_AUDIT}",
    },
}
"""Of the templates, by kind."""
GROUPS = {"IT-Admins": ["alice", "bob"], "Auditors": ["bob", "carol", {"name": "dave", "until": "2099-12-31"}]}
AUDIT = {
    "groups": ["Auditors"],
    "managedPolicyArns": [SECURITY_AUDIT],
    "maxSessionHours": 4,
    "mfaMaxAgeHours": 1,
    "sessionName": True,
}
ADMINISTRATION = {"groups": ["IT-Admins"], "roleManagement": {}}
BUCKET = "delegation-state-111111111111"

NOT_EXERCISED = {
    # The real provider's calls, which the stand-in does in another way or the local server does not know.
    "iam:SetDefaultPolicyVersion": "versions of the provider that make a new version the default in a second call",
    "iam:UpdateRoleDescription": "versions of the provider that change a description on its own",
    "kms:GenerateDataKey": "the local S3 encrypts nothing",
    "iam:DeleteUserPolicy": "a user with an inline policy",
    "iam:DetachUserPolicy": "a user with an attached policy",
    "iam:ListAttachedUserPolicies": "the removal of any user",
    "iam:ListUserPolicies": "the removal of any user",
    # What tests/bootstrap/test_offboarding_permissions.py and tests/e2e/test_taking_back.py exercise.
    "iam:ListRoles": "make offboard",
    "iam:UpdateAccessKey": "make offboard",
    # What only a user with such things has.
    "iam:DeleteServiceSpecificCredential": "a user with credentials for CodeCommit or Keyspaces",
    "iam:DeleteSigningCertificate": "a user with a signing certificate",
    "iam:DeleteSSHPublicKey": "a user with an SSH key",
}


class Lacking(NamedTuple):
    """A step tried with one action fewer, and the call that its failure names."""

    verb: str
    stack: str
    role: str
    action: str
    operation: str
    arguments: tuple[str, ...] = ()


LACKING = [
    Lacking("up", "security", "DeployRole", "iam:CreateGroup", "CreateGroup"),
    Lacking("preview", "security", "PreviewRole", "s3:GetObject", "GetObject"),
    Lacking("up", "preprod", "DeployRole", "iam:PutRolePolicy", "PutRolePolicy"),
    Lacking("preview", "preprod", "PreviewRole", "iam:ListRolePolicies", "ListRolePolicies", ("--refresh",)),
]
"""In the order of a first deployment."""


class Request(NamedTuple):
    """A request to IAM as the local server recorded it: whom it concerns, and what its conditions would see."""

    action: str
    resource: str
    context: dict[str, str]


class Bootstrapped:
    """Local accounts with the bootstrap templates applied, and a Pulumi that has the bootstrap roles only."""

    def __init__(self, workspace: Workspace, role_policy: Callable[..., Statements], calls: Path) -> None:
        self._workspace = workspace
        self._calls = calls
        self._policies = {
            (stack, role): _bootstrap_policy(role_policy, stack, role) for stack in ACCOUNTS for role in ROLES
        }
        self._keys: dict[str, str] = {}
        self.refusals: dict[Lacking, Result] = {}
        # The templates' outputs, led to the local server: for a profile's role the Go SDK ignores AWS_ENDPOINT_URL.
        self._address = f"region=us-east-1&profile=delegation-security&endpoint={workspace.accounts.endpoint}"
        self.secrets_provider = f"awskms://alias/delegation-state?{self._address}"

    def prepare(self, create_stack: Callable[..., None]) -> None:
        """Apply the templates, and make the one user who may assume the roles."""
        for stack, account_id in ACCOUNTS.items():
            kind = _kind(stack)
            create_stack(self._workspace.accounts.client("cloudformation", account_id), kind, **PARAMETERS[kind])
            for role in ROLES:
                self.grant(stack, role)
        iam = self._workspace.accounts.iam(RUNNER)
        iam.create_user(UserName="runner")
        iam.put_user_policy(
            UserName="runner", PolicyName="assume", PolicyDocument=_document([_allow("sts:AssumeRole")])
        )
        key = iam.create_access_key(UserName="runner")["AccessKey"]
        self._keys = {"AWS_ACCESS_KEY_ID": key["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"]}

    def grant(self, stack: str, role: str, *, without: str | None = None) -> None:
        """Give a role what its template says, in the form that the local server can enforce."""
        allowed = [statement for statement in self._policies[stack, role] if statement["Effect"] == "Allow"]
        widened = [_widened(statement, without) for statement in allowed]
        self._workspace.accounts.iam(ACCOUNTS[stack]).put_role_policy(
            RoleName=ROLES[role],
            PolicyName={"DeployRole": "deploy", "PreviewRole": "preview"}[role],
            PolicyDocument=_document(widened),
        )

    @contextmanager
    def lacking(self, stack: str, role: str, action: str) -> Iterator[None]:
        """Take one action away from a role."""
        self.grant(stack, role, without=action)
        yield
        self.grant(stack, role)

    def pulumi(self, verb: str, stack: str, *arguments: str, role: str = "DeployRole") -> Result:
        """Run a verb on a stack under a bootstrap role, with the local server enforcing IAM."""
        env: dict[str, str | None] = {**self._workspace.env, **self._keys}
        config = self._workspace.root.parent / "aws-config-of-role"
        config.write_text(self._workspace.accounts.config_file.read_text().replace(ROLES["DeployRole"], ROLES[role]))
        # Under the same role a preview before the update makes no call that the update does not make.
        confirmed = ("--yes", "--skip-preview") if verb in ("up", "destroy") else ()
        # The policy pack calls nobody: in the previews it shows that it needs no permission.
        pack = self._workspace.policy_pack(stack) if verb == "preview" else ()
        self._post("recorder/start-recording")
        self._post("reset-auth", "0")
        try:
            return self._workspace.run(
                verb,
                *arguments,
                *confirmed,
                *pack,
                *(() if verb == "stack" else ("--stack", stack)),
                env=env
                | {
                    "AWS_CONFIG_FILE": str(config),
                    "DELEGATION_CALL_LOG": str(self._calls),
                    "PULUMI_BACKEND_URL": f"s3://{BUCKET}?{self._address}&s3ForcePathStyle=true",
                },
            )
        finally:
            self._post("reset-auth", "inf")
            self._post("recorder/stop-recording")

    def iam(self, stack: str) -> Any:
        """Return an IAM client of a stack's account with all permissions, for what people do by hand."""
        return self._workspace.accounts.iam(ACCOUNTS[stack])

    def configure(self, stack: str, **values: object) -> None:
        """Set keys of a stack file."""
        stack_files.configure(self._workspace.root, stack, **values)

    def share(self, **values: object) -> None:
        """Set keys that all stacks share."""
        stack_files.share(self._workspace.root, **values)

    def pack_grants(self, targets: Mapping[str, str], roles: Sequence[str]) -> None:
        """Let the stack security make the grants, and let the policy pack know of the targets and the roles."""
        self.share(grants="packed")
        self.configure("security", targets=targets)
        file = self._workspace.root / "policypacks/delegation/config/security.json"
        config = json.loads(file.read_text())
        config["iam-assume-role-names-roles"] = {"targetAccounts": list(targets.values()), "accessRoles": roles}
        file.write_text(json.dumps(config))

    def _post(self, path: str, body: str = "") -> None:
        request = urllib.request.Request(  # noqa: S310
            f"{self._workspace.accounts.endpoint}/moto-api/{path}",
            data=body.encode(),
            headers={"Content-Type": "text/plain"},
        )
        urllib.request.urlopen(request).close()  # noqa: S310


@dataclass(frozen=True, kw_only=True)
class Life:
    """What was called while two stacks lived, and how each step ended that lacked an action."""

    called: set[str]
    """The actions that the provider called, and those on the state."""
    requests: list[Request]
    """The requests to IAM whose actions the provider called."""
    refusals: Mapping[Lacking, Result]


@pytest.fixture(scope="module")
def life(
    role_policy: Callable[..., Statements],
    create_stack: Callable[..., None],
    tmp_path_factory: pytest.TempPathFactory,
) -> Life:
    """Both stacks through all that a deployment does, and what was recorded of it."""
    folder = tmp_path_factory.mktemp("recorded")
    recording, calls = folder / "recording", folder / "calls"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MOTO_RECORDER_FILEPATH", str(recording))
        for name in ("AWS_PROFILE", "AWS_CONFIG_FILE", "AWS_ENDPOINT_URL", "AWS_SESSION_TOKEN"):
            patch.delenv(name, raising=False)
        with open_workspace() as workspace:
            accounts = Bootstrapped(workspace, role_policy, calls)
            accounts.prepare(create_stack)
            _live(accounts)
    # From here on nobody writes any more: Pulumi, the plugin and the server have ended.
    recorded = list(_recorded(recording.read_text()))
    on_the_state = {action for action, _ in recorded if action.startswith(("s3:", "kms:"))}
    # The program itself makes one call that the provider never makes.
    by_program = {action for action, _ in recorded if action == "iam:ListGroupPolicies"}
    called = set(calls.read_text().split()) - {"sts:AssumeRole", "sts:GetCallerIdentity"} | on_the_state | by_program
    requests = [
        Request(action, _resource(parameters), {"PolicyARN": parameters.get("PolicyArn", "")})
        for action, parameters in recorded
        if action in called
        and action.startswith("iam:")
        # AWS looks itself whether a policy exists that is attached.
        and not (action == "iam:GetPolicy" and parameters["PolicyArn"].startswith("arn:aws:iam::aws:"))
    ]
    return Life(called=called, requests=requests, refusals=accounts.refusals)


def _live(accounts: Bootstrapped) -> None:
    """Make, preview, change, put right and remove both stacks; try each first step with one action fewer before."""
    accounts.share(groups=GROUPS, roles={"TSU-IAM-ACCESS": ADMINISTRATION, "TSU-AUDIT": AUDIT})
    for stack in ACCOUNTS:
        accounts.configure(stack, tags={"cost-centre": "1"})
        accounts.pulumi("stack", stack, "init", stack, "--secrets-provider", accounts.secrets_provider).check()
    for lacking in LACKING:
        with accounts.lacking(lacking.stack, lacking.role, lacking.action):
            accounts.refusals[lacking] = accounts.pulumi(
                lacking.verb, lacking.stack, *lacking.arguments, role=lacking.role
            )
        accounts.pulumi(lacking.verb, lacking.stack, *lacking.arguments, role=lacking.role).check()
    _change_by_hand(accounts.iam("security"), accounts.iam("preprod"))
    change = {"userPath": "/admins/", "tags": {"team": "platform"}}
    accounts.share(
        groups={"IT-Admins": ["alice", "carol"], "Auditors": ["carol"]},
        roles={"TSU-IAM-ACCESS": ADMINISTRATION | {"maxSessionHours": 2}, "TSU-AUDIT": AUDIT},
    )
    accounts.configure("security", **change)
    accounts.configure("preprod", **change, revokeSessionsBefore="2025-11-25T10:00:00Z")
    accounts.pack_grants({"preprod": ACCOUNTS["preprod"]}, ["TSU-IAM-ACCESS", "TSU-AUDIT"])
    for stack in ACCOUNTS:
        accounts.pulumi("up", stack, "--refresh").check()
    # IAM keeps five versions of a policy: the next change has to remove one.
    policy = "arn:aws:iam::111111111111:policy/IT-Admins-grants-1"
    iam = accounts.iam("security")
    document = iam.get_policy_version(PolicyArn=policy, VersionId="v1")["PolicyVersion"]["Document"]
    for _ in range(4):
        iam.create_policy_version(PolicyArn=policy, PolicyDocument=json.dumps(document))
    accounts.share(roles={"TSU-IAM-ACCESS": ADMINISTRATION | {"mfaMaxAgeHours": 2}, "TSU-AUDIT": AUDIT})
    accounts.pulumi("up", "security", "--refresh").check()
    versions = iam.list_policy_versions(PolicyArn=policy)["Versions"]
    assert [version["VersionId"] for version in versions if version["IsDefaultVersion"]] == ["v6"]
    for stack in reversed(ACCOUNTS):
        accounts.pulumi("destroy", stack, "--refresh").check()


def test_each_request_is_allowed_on_its_resource(
    life: Life, role_policy: Callable[..., Statements], allows: Callable[..., bool]
) -> None:
    policies = {
        account_id: _bootstrap_policy(role_policy, stack, "DeployRole") for stack, account_id in ACCOUNTS.items()
    }
    assert len({request.action for request in life.requests}) > 20
    concerned = {request.resource for request in life.requests}
    assert concerned >= {
        *("arn:aws:iam::111111111111:group/IT-Admins", "arn:aws:iam::111111111111:group/Auditors"),
        *("arn:aws:iam::222222222222:role/TSU-IAM-ACCESS", "arn:aws:iam::222222222222:role/TSU-AUDIT"),
    }
    refused = [
        request
        for request in life.requests
        if not allows(
            policies["222222222222" if ":role/" in request.resource else "111111111111"],
            request.action,
            request.resource,
            **request.context,
        )
    ]
    assert refused == []


def test_no_action_is_granted_without_need(life: Life, role_policy: Callable[..., Statements]) -> None:
    granted = {
        action
        for kind in ("security", "target")
        for statement in role_policy(kind, "DeployRole")
        if statement["Effect"] == "Allow"
        for action in _listed(statement["Action"])
    }
    assert granted - life.called == set(NOT_EXERCISED)


@pytest.mark.parametrize("lacking", LACKING, ids=lambda lacking: f"{lacking.verb} without {lacking.action}")
def test_with_one_action_fewer_it_fails(lacking: Lacking, life: Life) -> None:
    result = life.refusals[lacking]
    assert result.returncode != 0
    assert "AccessDenied" in result.output
    assert lacking.operation in result.output


def test_entries_of_two_threads_are_told_apart() -> None:
    recording = '{"a": 1}\n{"b": "x"}{"c": 3}\n\n{"d": 4}\n'
    assert list(_entries(recording)) == [{"a": 1}, {"b": "x"}, {"c": 3}, {"d": 4}]


def _kind(stack: str) -> str:
    return "security" if stack == "security" else "target"


def _bootstrap_policy(role_policy: Callable[..., Statements], stack: str, role: str) -> Statements:
    kind = _kind(stack)
    return role_policy(kind, role, **PARAMETERS[kind])


def _change_by_hand(security: Any, target: Any) -> None:
    """Do what makes the next update use the rest: a user's own keys and devices, and changes by hand."""
    security.create_access_key(UserName="bob")
    security.create_login_profile(UserName="bob", Password="a first password")  # noqa: S106
    device = security.create_virtual_mfa_device(VirtualMFADeviceName="bobs-phone")["VirtualMFADevice"]
    security.enable_mfa_device(
        UserName="bob", SerialNumber=device["SerialNumber"], AuthenticationCode1="123456", AuthenticationCode2="654321"
    )
    target.put_role_policy(
        RoleName="TSU-IAM-ACCESS", PolicyName="by-hand", PolicyDocument=_document([_allow("s3:Get*")])
    )
    target.attach_role_policy(RoleName="TSU-IAM-ACCESS", PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")


def _entries(recording: str) -> Iterator[dict[str, Any]]:
    """Yield the entries of a recording.

    The server writes a large entry and the end of its line one after the other, and another thread may write an entry
    in between: so entries are told apart by where each ends, not by lines.
    """
    decoder, at = json.JSONDecoder(), 0
    while rest := re.compile(r"\s*(?=\S)").match(recording, at):
        entry, at = decoder.raw_decode(recording, rest.end())
        yield entry


def _recorded(recording: str) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield action and parameters of each recorded request."""
    for entry in _entries(recording):
        body = (
            base64.b64decode(entry["body"]).decode(errors="replace") if entry["body_encoded"] else entry["body"] or ""
        )
        if target := entry["headers"].get("X-Amz-Target"):
            yield target.replace("TrentService.", "kms:"), {}
        elif f"/{BUCKET}" in entry["url"]:
            yield _s3_action(entry["method"], entry["url"]), {}
        elif parameters := dict(parse_qsl(body)):
            service = "sts" if "/sts/" in entry["headers"].get("Authorization", "") else "iam"
            yield f"{service}:{parameters.get('Action')}", parameters


def _s3_action(method: str, url: str) -> str:
    key = url.split(BUCKET, 1)[1].partition("?")[0].strip("/")
    if method == "GET" and not key:
        return "s3:ListBucket"
    return {"GET": "s3:GetObject", "HEAD": "s3:GetObject", "PUT": "s3:PutObject", "DELETE": "s3:DeleteObject"}[method]


def _resource(parameters: dict[str, str]) -> str:
    """Return the ARN that IAM judges a request by."""
    if name := parameters.get("RoleName"):
        return f"arn:aws:iam::222222222222:role/{name}"
    security = "arn:aws:iam::111111111111"
    if name := parameters.get("GroupName"):
        return f"{security}:group/{name}"
    if name := parameters.get("UserName"):
        return f"{security}:user/{name}"
    if name := parameters.get("PolicyName"):
        return f"{security}:policy/{name}"
    return parameters.get("PolicyArn") or parameters.get("SerialNumber") or "*"


def _widened(statement: dict[str, Any], without: str | None) -> dict[str, Any]:
    actions = [action for action in _listed(statement["Action"]) if action != without] or ["iam:None"]
    resource = _listed(statement["Resource"])[0]
    s3 = resource.startswith("arn:StateBucket")
    resource = resource.replace("arn:StateBucket", f"arn:aws:s3:::{BUCKET}") if s3 else "*"
    return {"Effect": "Allow", "Action": actions, "Resource": resource}


def _listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def _allow(action: str) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": "*"}


def _document(statements: Statements) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statements})
