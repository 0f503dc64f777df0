"""Roles, managed and inline policies, and what is attached to what."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from sandbox import documents
from sandbox.aws.errors import RefusedError
from tests.sandbox.stand_in.conftest import emptied
from tests.sandbox.stand_in.driver import Driver, Result

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient

ROLE = "aws:iam/role:Role"
POLICY = "aws:iam/policy:Policy"
ROLE_POLICY = "aws:iam/rolePolicy:RolePolicy"
GROUP_POLICY = "aws:iam/groupPolicy:GroupPolicy"
ROLE_ATTACHMENT = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
GROUP_ATTACHMENT = "aws:iam/groupPolicyAttachment:GroupPolicyAttachment"
INLINE_EXCLUSIVE = "aws:iam/rolePoliciesExclusive:RolePoliciesExclusive"
ATTACHED_EXCLUSIVE = "aws:iam/rolePolicyAttachmentsExclusive:RolePolicyAttachmentsExclusive"


def document(action: str = "iam:GetUser", size: int = 0) -> str:
    """Return a policy for an action, of `size` characters if that is more."""
    statement = {"Effect": "Allow", "Action": action, "Resource": "*"}
    text = documents.dump({"Version": "2012-10-17", "Statement": [statement]})
    if len(text) < size:
        statement["Resource"] = "arn:aws:s3:::"
        text = documents.dump({"Version": "2012-10-17", "Statement": [statement]})
        statement["Resource"] += "x" * (size - len(text))
        text = documents.dump({"Version": "2012-10-17", "Statement": [statement]})
    return text


def trust(*principals: str, kind: str = "AWS") -> str:
    """Return a trust policy for principals."""
    statement = {"Effect": "Allow", "Principal": {kind: list(principals)}, "Action": "sts:AssumeRole"}
    return documents.dump({"Version": "2012-10-17", "Statement": [statement]})


ANYBODY = trust("*")
# An inline policy of `document()` as the real provider keeps it: the version first, then sorted keys.
KEPT = '{"Version":"2012-10-17","Statement":[{"Action":"iam:GetUser","Effect":"Allow","Resource":"*"}]}'


def managed(iam: IAMClient, name: str = "managed") -> str:
    return iam.create_policy(PolicyName=name, PolicyDocument=document())["Policy"]["Arn"]


class TestRole:
    """aws:iam/role:Role"""

    def test_a_role_is_made_as_told(self, driver: Driver, iam: IAMClient) -> None:
        role = driver.create(
            ROLE,
            name="access",
            path="/team/",
            assumeRolePolicy=ANYBODY,
            description="Access",
            maxSessionDuration=7200,
            permissionsBoundary=managed(iam),
            tags={"team": "it"},
        )
        found = iam.get_role(RoleName="access")["Role"]
        assert (found["Description"], found["MaxSessionDuration"]) == ("Access", 7200)
        assert role.id == "access"
        assert role.outputs == {
            "name": "access",
            "namePrefix": "",
            "path": "/team/",
            "assumeRolePolicy": documents.normalized(ANYBODY),
            "description": "Access",
            "forceDetachPolicies": False,
            "maxSessionDuration": 7200,
            "permissionsBoundary": f"arn:aws:iam::{driver.account_id}:policy/managed",
            "tags": {"team": "it"},
            "tagsAll": {"team": "it"},
            "arn": f"arn:aws:iam::{driver.account_id}:role/team/access",
            "createDate": found["CreateDate"].strftime("%Y-%m-%dT%H:%M:%SZ"),
            "uniqueId": found["RoleId"],
            "inlinePolicies": [],
            "managedPolicyArns": [],
        }

    def test_a_role_changes_in_place(self, driver: Driver, iam: IAMClient) -> None:
        role = driver.create(
            ROLE,
            name="access",
            assumeRolePolicy=ANYBODY,
            description="Access",
            permissionsBoundary=managed(iam),
            tags={"a": "1"},
        )
        changed = driver.update(
            ROLE, role, name="access", assumeRolePolicy=trust(driver.account_id), maxSessionDuration=7200, tags={}
        )
        found = iam.get_role(RoleName="access")["Role"]
        assert found["AssumeRolePolicyDocument"] == json.loads(trust(driver.account_id))
        assert (found.get("Description", ""), found["MaxSessionDuration"]) == ("", 7200)
        assert "PermissionsBoundary" not in found
        assert found.get("Tags", []) == []
        assert "permissionsBoundary" not in changed.outputs

    def test_a_boundary_is_put_on_later(self, driver: Driver, iam: IAMClient) -> None:
        role = driver.create(ROLE, name="access", assumeRolePolicy=ANYBODY)
        arn = managed(iam)
        bounded = driver.update(ROLE, role, name="access", assumeRolePolicy=ANYBODY, permissionsBoundary=arn)
        assert bounded.outputs["permissionsBoundary"] == arn

    def test_a_session_s_length_alone_keeps_the_description(self, driver: Driver, iam: IAMClient) -> None:
        role = driver.create(ROLE, name="access", assumeRolePolicy=ANYBODY, description="Access")
        driver.update(
            ROLE, role, name="access", assumeRolePolicy=ANYBODY, description="Access", maxSessionDuration=7200
        )
        assert iam.get_role(RoleName="access")["Role"]["Description"] == "Access"

    @pytest.mark.parametrize(
        "inputs",
        [
            {"description": "other"},
            {"maxSessionDuration": 7200},
            {"forceDetachPolicies": True},
            {"assumeRolePolicy": trust("111111111111")},
            {"tags": {"a": "b"}},
        ],
        ids=lambda inputs: next(iter(inputs)),
    )
    def test_what_changes_a_role_in_place(self, driver: Driver, inputs: dict[str, Any]) -> None:
        role = driver.create(ROLE, name="access", assumeRolePolicy=ANYBODY)
        difference = driver.diff(ROLE, role, **{"name": "access", "assumeRolePolicy": ANYBODY, **inputs})
        assert set(difference.diffs) - {"tagsAll"} == set(inputs)
        assert (difference.replaces, difference.delete_before_replace) == ([], False)

    def test_an_ignored_change_is_none(self, driver: Driver) -> None:
        role = driver.create(ROLE, name="access", assumeRolePolicy=ANYBODY)
        inputs = {"name": "access", "assumeRolePolicy": ANYBODY, "tags": {"a": "b"}, "description": "other"}
        assert not driver.diff(ROLE, role, "tags.a", "description", **inputs).changes

    def test_a_document_in_other_words_is_no_change(self, driver: Driver) -> None:
        role = driver.create(ROLE, name="access", assumeRolePolicy=trust(driver.account_id))
        other = json.dumps(json.loads(trust(f"arn:aws:iam::{driver.account_id}:root")), indent=2)
        assert not driver.diff(ROLE, role, name="access", assumeRolePolicy=other).changes

    def test_a_trust_changed_by_hand_is_seen_and_fixed(self, driver: Driver, iam: IAMClient) -> None:
        role = driver.create(ROLE, name="access", assumeRolePolicy=trust(driver.account_id))
        iam.update_assume_role_policy(RoleName="access", PolicyDocument=ANYBODY)
        refreshed = driver.read(ROLE, role)
        assert refreshed
        assert documents.same(refreshed.outputs["assumeRolePolicy"], ANYBODY)
        inputs = {"name": "access", "assumeRolePolicy": trust(driver.account_id)}
        assert driver.diff(ROLE, refreshed, **inputs).diffs == ["assumeRolePolicy"]
        driver.update(ROLE, refreshed, **inputs)
        assert iam.get_role(RoleName="access")["Role"]["AssumeRolePolicyDocument"] == json.loads(
            trust(driver.account_id)
        )

    def test_a_role_deleted_by_hand_is_noticed(self, driver: Driver, iam: IAMClient) -> None:
        role = driver.create(ROLE, name="access", assumeRolePolicy=ANYBODY)
        iam.delete_role(RoleName="access")
        assert driver.read(ROLE, role) is None
        driver.delete(ROLE, role)

    def test_a_role_with_policies_is_not_deleted(self, driver: Driver, iam: IAMClient) -> None:
        role = driver.create(ROLE, name="access", assumeRolePolicy=ANYBODY)
        iam.put_role_policy(RoleName="access", PolicyName="p", PolicyDocument=document())
        with pytest.raises(
            RefusedError, match=r"deleting IAM Role \(access\): .*DeleteRole, .*DeleteConflict: .*delete policies first"
        ):
            driver.delete(ROLE, role)
        iam.delete_role_policy(RoleName="access", PolicyName="p")
        arn = managed(iam)
        iam.attach_role_policy(RoleName="access", PolicyArn=arn)
        with pytest.raises(RefusedError, match=r"DeleteConflict: .*detach all policies first"):
            driver.delete(ROLE, role)

    def test_force_detach_takes_the_policies_along(self, driver: Driver, iam: IAMClient) -> None:
        role = driver.create(ROLE, name="access", assumeRolePolicy=ANYBODY, forceDetachPolicies=True)
        iam.put_role_policy(RoleName="access", PolicyName="p", PolicyDocument=document())
        iam.attach_role_policy(RoleName="access", PolicyArn=managed(iam))
        driver.delete(ROLE, role)
        assert driver.read(ROLE, role) is None

    def test_a_role_leaves_its_instance_profiles(self, driver: Driver, iam: IAMClient) -> None:
        role = driver.create(ROLE, name="access", assumeRolePolicy=ANYBODY)
        iam.create_instance_profile(InstanceProfileName="p")
        iam.add_role_to_instance_profile(InstanceProfileName="p", RoleName="access")
        driver.delete(ROLE, role)
        assert iam.get_instance_profile(InstanceProfileName="p")["InstanceProfile"]["Roles"] == []

    def test_a_name_is_taken_ignoring_case(self, driver: Driver) -> None:
        driver.create(ROLE, name="Access", assumeRolePolicy=ANYBODY)
        with pytest.raises(RefusedError, match=r"CreateRole, .*EntityAlreadyExists: .*Access"):
            driver.create(ROLE, name="access", assumeRolePolicy=ANYBODY)

    def test_a_boundary_that_is_not_there_is_refused(self, driver: Driver) -> None:
        boundary = f"arn:aws:iam::{driver.account_id}:policy/none"
        with pytest.raises(RefusedError, match=rf"CreateRole, .*NoSuchEntity: Scope ARN: {boundary}"):
            driver.create(ROLE, name="access", assumeRolePolicy=ANYBODY, permissionsBoundary=boundary)
        role = driver.create(ROLE, name="access", assumeRolePolicy=ANYBODY)
        with pytest.raises(RefusedError, match=r"PutRolePermissionsBoundary, .*NoSuchEntity"):
            driver.update(ROLE, role, name="access", assumeRolePolicy=ANYBODY, permissionsBoundary=boundary)

    def test_an_aws_managed_policy_is_there(
        self, new_driver: Callable[..., Driver], account_id: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        driver = new_driver(account_id)
        driver.configure()
        monkeypatch.setenv("MOTO_IAM_LOAD_MANAGED_POLICIES", "true")
        emptied(account_id)
        arn = "arn:aws:iam::aws:policy/ReadOnlyAccess"
        role = driver.create(ROLE, name="access", assumeRolePolicy=ANYBODY, permissionsBoundary=arn)
        driver.create(ROLE_ATTACHMENT, role="access", policyArn=arn)
        assert role.outputs["permissionsBoundary"] == arn


class TestTrust:
    """Trust policies, as AWS takes and refuses them."""

    @pytest.fixture(autouse=True)
    def _people(self, other_account_id: str, iam_of: Callable[[str], IAMClient]) -> None:
        iam_of(other_account_id).create_user(UserName="alice", Path="/team/")
        iam_of(other_account_id).create_role(RoleName="robot", AssumeRolePolicyDocument=ANYBODY)

    @pytest.mark.parametrize(
        "principal",
        [
            "arn:aws:iam::{other}:user/team/alice",
            "arn:aws:iam::{other}:role/robot",
            "arn:aws:iam::{other}:root",
            "{other}",
            "arn:aws:iam::999999999999:root",
            "arn:aws:sts::{other}:assumed-role/robot/session",
            "*",
        ],
    )
    def test_principals_that_exist_are_trusted(self, driver: Driver, other_account_id: str, principal: str) -> None:
        text = trust(principal.format(other=other_account_id))
        assert driver.create(ROLE, name="access", assumeRolePolicy=text).id == "access"

    @pytest.mark.parametrize(
        "principal",
        [
            "arn:aws:iam::{other}:user/alice",
            "arn:aws:iam::{other}:user/team/bob",
            "arn:aws:iam::{other}:user/team/*",
            "arn:aws-cn:iam::{other}:user/team/alice",
            "arn:aws:iam::{own}:user/team/alice",
            "arn:aws:iam::{other}:role/team/robot",
            "arn:aws:iam::{other}:group/admins",
            "arn:aws:iam::1:root",
            "AIDAJQABLZS4A3QDU576Q",
            "alice",
        ],
    )
    def test_principals_that_do_not_exist_are_refused_at_once(
        self, driver: Driver, other_account_id: str, principal: str
    ) -> None:
        named = principal.format(other=other_account_id, own=driver.account_id)
        with pytest.raises(RefusedError, match=r"CreateRole, .*MalformedPolicyDocument: Invalid principal") as e:
            driver.create(ROLE, name="access", assumeRolePolicy=trust("*", named))
        assert f'"AWS":"{named}"' in str(e.value)

    @pytest.mark.parametrize(
        ("kind", "principal", "known"),
        [
            ("Service", "ec2.amazonaws.com", True),
            ("Service", "ec2", False),
            ("Service", "codedeploy.amazonaws.com.cn", False),
            ("Service", "ec2.amazonaws.eu", False),
            ("Federated", "arn:aws:iam::111111111111:saml-provider/Idp", True),
            ("Federated", "cognito-identity.amazonaws.com", True),
            ("Federated", "nobody", False),
            ("CanonicalUser", "79a59d", False),
        ],
    )
    def test_other_principals_are_known_by_their_form(
        self, driver: Driver, kind: str, principal: str, known: bool
    ) -> None:
        text = trust(principal, kind=kind)
        if known:
            driver.create(ROLE, name="access", assumeRolePolicy=text)
        else:
            with pytest.raises(RefusedError, match="Invalid principal"):
                driver.create(ROLE, name="access", assumeRolePolicy=text)

    def test_an_update_is_refused_as_well(self, driver: Driver) -> None:
        role = driver.create(ROLE, name="access", assumeRolePolicy=ANYBODY)
        with pytest.raises(
            RefusedError,
            match=r"updating IAM Role \(access\): .*UpdateAssumeRolePolicy, .*MalformedPolicyDocument: Invalid",
        ):
            driver.update(ROLE, role, name="access", assumeRolePolicy=trust("arn:aws:iam::111111111111:user/none"))

    def test_wrong_grammar_is_refused(self, driver: Driver) -> None:
        with pytest.raises(RefusedError, match=r"CreateRole, .*MalformedPolicyDocument: .*only specify STS"):
            driver.create(ROLE, name="access", assumeRolePolicy=ANYBODY.replace("sts:AssumeRole", "iam:*"))

    def test_the_quota_is_aws_s_default(self, driver: Driver) -> None:
        text = self._of_size(driver, 2048)
        driver.create(ROLE, name="access", assumeRolePolicy=f" {text} ")
        with pytest.raises(RefusedError, match=r"CreateRole, .*LimitExceeded: .*ACLSizePerRole: 2048"):
            driver.create(ROLE, name="other", assumeRolePolicy=self._of_size(driver, 2049))

    def test_the_quota_of_local_accounts_may_be_raised(self, driver: Driver, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("DELEGATION_TRUST_POLICY_QUOTA", "4096")
        driver.create(ROLE, name="access", assumeRolePolicy=self._of_size(driver, 4096))
        with pytest.raises(RefusedError, match="ACLSizePerRole: 4096"):
            driver.create(ROLE, name="other", assumeRolePolicy=self._of_size(driver, 4097))

    @staticmethod
    def _of_size(driver: Driver, size: int) -> str:
        base = trust(driver.account_id).replace('"Effect"', '"Sid":"","Effect"')
        return base.replace('"Sid":""', f'"Sid":"{"x" * (size - len(base))}"')


class TestPolicy:
    """aws:iam/policy:Policy"""

    def test_a_policy_is_made_as_told(self, driver: Driver, iam: IAMClient) -> None:
        policy = driver.create(POLICY, name="p", path="/team/", description="d", policy=document(), tags={"a": "b"})
        arn = f"arn:aws:iam::{driver.account_id}:policy/team/p"
        assert policy.id == arn
        assert policy.outputs == {
            "name": "p",
            "namePrefix": "",
            "path": "/team/",
            "description": "d",
            "policy": documents.normalized(document()),
            "tags": {"a": "b"},
            "tagsAll": {"a": "b"},
            "arn": arn,
            "policyId": iam.get_policy(PolicyArn=arn)["Policy"]["PolicyId"],
            "attachmentCount": 0,
        }

    def test_each_new_document_is_a_version_and_the_oldest_go(self, driver: Driver, iam: IAMClient) -> None:
        policy = driver.create(POLICY, name="p", policy=document())
        for number in range(6):
            policy = driver.update(POLICY, policy, name="p", policy=document(f"iam:Get{number}"))
        versions = iam.list_policy_versions(PolicyArn=policy.id or "")["Versions"]
        assert {version["VersionId"] for version in versions} == {"v3", "v4", "v5", "v6", "v7"}
        assert [version["VersionId"] for version in versions if version["IsDefaultVersion"]] == ["v7"]
        assert policy.outputs["policy"] == documents.normalized(document("iam:Get5"))

    def test_the_default_version_is_kept_even_when_it_is_the_oldest(self, driver: Driver, iam: IAMClient) -> None:
        policy = driver.create(POLICY, name="p", policy=document())
        for number in range(4):
            iam.create_policy_version(PolicyArn=policy.id or "", PolicyDocument=document(f"iam:Get{number}"))
        driver.update(POLICY, policy, name="p", policy=document("iam:New"))
        versions = iam.list_policy_versions(PolicyArn=policy.id or "")["Versions"]
        assert {version["VersionId"] for version in versions} == {"v1", "v3", "v4", "v5", "v6"}

    def test_tags_alone_make_no_version(self, driver: Driver, iam: IAMClient) -> None:
        policy = driver.create(POLICY, name="p", policy=document(), tags={"a": "1"})
        tagged = driver.update(POLICY, policy, name="p", policy=document(), tags={"b": "2"})
        assert len(iam.list_policy_versions(PolicyArn=policy.id or "")["Versions"]) == 1
        assert tagged.outputs["tagsAll"] == {"b": "2"}

    def test_a_version_made_default_by_hand_is_seen(self, driver: Driver, iam: IAMClient) -> None:
        policy = driver.create(POLICY, name="p", policy=document())
        iam.create_policy_version(PolicyArn=policy.id or "", PolicyDocument=document("s3:*"), SetAsDefault=True)
        refreshed = driver.read(POLICY, policy)
        assert refreshed
        assert driver.diff(POLICY, refreshed, name="p", policy=document()).diffs == ["policy"]

    def test_an_attached_policy_is_not_deleted(self, driver: Driver, iam: IAMClient) -> None:
        policy = driver.create(POLICY, name="p", policy=document())
        driver.update(POLICY, policy, name="p", policy=document("s3:*"))
        iam.create_group(GroupName="g")
        iam.attach_group_policy(GroupName="g", PolicyArn=policy.id or "")
        with pytest.raises(RefusedError, match=r"DeletePolicy, .*DeleteConflict: .*attached to entities"):
            driver.delete(POLICY, policy)
        iam.detach_group_policy(GroupName="g", PolicyArn=policy.id or "")
        driver.delete(POLICY, policy)
        assert driver.read(POLICY, policy) is None
        driver.delete(POLICY, policy)

    def test_the_quota_counts_no_white_space(self, driver: Driver) -> None:
        driver.create(POLICY, name="p", policy=document(size=6144) + "\n")
        with pytest.raises(RefusedError, match=r"CreatePolicy, .*LimitExceeded: .*PolicySize: 6144"):
            driver.create(POLICY, name="q", policy=document(size=6145))

    def test_an_update_over_the_quota_is_refused(self, driver: Driver) -> None:
        policy = driver.create(POLICY, name="p", policy=document())
        with pytest.raises(RefusedError, match=r"CreatePolicyVersion, .*LimitExceeded"):
            driver.update(POLICY, policy, name="p", policy=document(size=6145))

    def test_wrong_grammar_is_refused(self, driver: Driver) -> None:
        with pytest.raises(RefusedError, match=r"creating IAM Policy \(p\): .*MalformedPolicyDocument: "):
            driver.create(POLICY, name="p", policy=document("GetUser"))

    def test_a_name_is_taken_ignoring_case(self, driver: Driver) -> None:
        driver.create(POLICY, name="P", policy=document())
        with pytest.raises(RefusedError, match=r"CreatePolicy, .*EntityAlreadyExists"):
            driver.create(POLICY, name="p", policy=document())


@pytest.fixture
def owners(iam: IAMClient) -> None:
    """A role and a group, both named `owner`."""
    iam.create_role(RoleName="owner", AssumeRolePolicyDocument=ANYBODY)
    iam.create_group(GroupName="owner")


@pytest.mark.usefixtures("owners")
@pytest.mark.parametrize(("type_name", "owner"), [(ROLE_POLICY, "role"), (GROUP_POLICY, "group")])
class TestInlinePolicy:
    """aws:iam/rolePolicy:RolePolicy and aws:iam/groupPolicy:GroupPolicy"""

    @staticmethod
    def _make(driver: Driver, type_name: str, owner: str, name: str = "p", text: str = "") -> Result:
        return driver.create(type_name, **{owner: "owner", "name": name, "policy": text or document()})

    def test_it_is_made_changed_and_deleted(self, driver: Driver, type_name: str, owner: str) -> None:
        policy = self._make(driver, type_name, owner)
        assert policy.id == "owner:p"
        assert policy.outputs == {owner: "owner", "name": "p", "namePrefix": "", "policy": KEPT}
        changed = driver.update(type_name, policy, **{owner: "owner", "name": "p", "policy": document("s3:*")})
        refreshed = driver.read(type_name, changed)
        assert refreshed
        assert refreshed.outputs["policy"] == KEPT.replace("iam:GetUser", "s3:*")
        driver.delete(type_name, changed)
        assert driver.read(type_name, changed) is None
        driver.delete(type_name, changed)

    def test_all_of_an_owner_s_share_a_quota(self, driver: Driver, type_name: str, owner: str) -> None:
        quota = {"role": 10240, "group": 5120}[owner]
        first = self._make(driver, type_name, owner, "a", document(size=quota - 1000))
        self._make(driver, type_name, owner, "b", document(size=1000))
        with pytest.raises(RefusedError, match=rf"LimitExceeded: .*{quota} bytes exceeded for {owner} owner"):
            driver.update(type_name, first, **{owner: "owner", "name": "a", "policy": document(size=quota - 999)})

    def test_wrong_grammar_is_refused(self, driver: Driver, type_name: str, owner: str) -> None:
        operation = f"Put{owner.capitalize()}Policy"
        with pytest.raises(RefusedError, match=rf"\(owner\) Policy \(p\): .*{operation}, .*MalformedPolicyDocument"):
            self._make(driver, type_name, owner, text=ANYBODY)

    def test_a_missing_owner_is_refused(self, driver: Driver, type_name: str, owner: str) -> None:
        with pytest.raises(RefusedError, match=rf"Put{owner.capitalize()}Policy, .*NoSuchEntity"):
            driver.create(type_name, **{owner: "nobody", "name": "p", "policy": document()})


@pytest.mark.usefixtures("owners")
@pytest.mark.parametrize(("type_name", "owner"), [(ROLE_ATTACHMENT, "role"), (GROUP_ATTACHMENT, "group")])
class TestAttachment:
    """aws:iam/rolePolicyAttachment:RolePolicyAttachment and aws:iam/groupPolicyAttachment:GroupPolicyAttachment"""

    def test_it_is_made_and_deleted(self, driver: Driver, iam: IAMClient, type_name: str, owner: str) -> None:
        arn = managed(iam)
        attachment = driver.create(type_name, **{owner: "owner", "policyArn": arn})
        assert re.fullmatch(rf"owner/{arn}" if owner == "role" else r"owner-\d{18}[0-9a-f]{8}", attachment.id or "")
        assert attachment.outputs == {owner: "owner", "policyArn": arn}
        assert iam.get_policy(PolicyArn=arn)["Policy"]["AttachmentCount"] == 1
        driver.delete(type_name, attachment)
        assert driver.read(type_name, attachment) is None
        driver.delete(type_name, attachment)

    def test_a_missing_policy_is_refused(self, driver: Driver, type_name: str, owner: str) -> None:
        arn = f"arn:aws:iam::{driver.account_id}:policy/none"
        with pytest.raises(RefusedError, match=rf"Attach{owner.capitalize()}Policy, .*NoSuchEntity: Policy {arn}"):
            driver.create(type_name, **{owner: "owner", "policyArn": arn})

    def test_a_missing_owner_is_refused(self, driver: Driver, iam: IAMClient, type_name: str, owner: str) -> None:
        with pytest.raises(RefusedError, match=rf"Attach{owner.capitalize()}Policy, .*NoSuchEntity"):
            driver.create(type_name, **{owner: "nobody", "policyArn": managed(iam)})

    def test_an_eleventh_is_refused(self, driver: Driver, iam: IAMClient, type_name: str, owner: str) -> None:
        for number in range(10):
            driver.create(type_name, **{owner: "owner", "policyArn": managed(iam, f"p{number}")})
        with pytest.raises(RefusedError, match=rf"LimitExceeded: .*PoliciesPer{owner.capitalize()}: 10"):
            driver.create(type_name, **{owner: "owner", "policyArn": managed(iam, "p10")})


@pytest.mark.usefixtures("owners")
class TestExclusive:
    """aws:iam/rolePoliciesExclusive and aws:iam/rolePolicyAttachmentsExclusive"""

    def test_a_stranger_s_inline_policy_is_seen_and_removed(self, driver: Driver, iam: IAMClient) -> None:
        iam.put_role_policy(RoleName="owner", PolicyName="ours", PolicyDocument=document())
        exclusive = driver.create(INLINE_EXCLUSIVE, roleName="owner", policyNames=["ours"])
        assert (exclusive.id, exclusive.outputs) == ("owner", {"roleName": "owner", "policyNames": ["ours"]})
        iam.put_role_policy(RoleName="owner", PolicyName="unlisted", PolicyDocument=document())
        refreshed = driver.read(INLINE_EXCLUSIVE, exclusive)
        assert refreshed
        inputs = {"roleName": "owner", "policyNames": ["ours"]}
        assert driver.diff(INLINE_EXCLUSIVE, refreshed, **inputs).diffs == ["policyNames"]
        driver.update(INLINE_EXCLUSIVE, refreshed, **inputs)
        assert iam.list_role_policies(RoleName="owner")["PolicyNames"] == ["ours"]

    def test_a_stranger_is_removed_at_creation(self, driver: Driver, iam: IAMClient) -> None:
        iam.put_role_policy(RoleName="owner", PolicyName="unlisted", PolicyDocument=document())
        driver.create(INLINE_EXCLUSIVE, roleName="owner", policyNames=[])
        assert iam.list_role_policies(RoleName="owner")["PolicyNames"] == []

    def test_a_listed_inline_policy_that_is_missing_is_refused(self, driver: Driver) -> None:
        with pytest.raises(
            RefusedError, match=r"Exclusive \(owner\): operation error IAM: PutRolePolicy, (?s:.)*inline policy p"
        ):
            driver.create(INLINE_EXCLUSIVE, roleName="owner", policyNames=["p"])

    def test_attachments_are_made_those_listed(self, driver: Driver, iam: IAMClient) -> None:
        ours, unlisted = managed(iam, "ours"), managed(iam, "unlisted")
        iam.attach_role_policy(RoleName="owner", PolicyArn=unlisted)
        exclusive = driver.create(ATTACHED_EXCLUSIVE, roleName="owner", policyArns=[ours])
        attached = iam.list_attached_role_policies(RoleName="owner")["AttachedPolicies"]
        assert [each["PolicyArn"] for each in attached] == [ours]
        iam.attach_role_policy(RoleName="owner", PolicyArn=unlisted)
        refreshed = driver.read(ATTACHED_EXCLUSIVE, exclusive)
        assert refreshed
        assert refreshed.outputs["policyArns"] == [ours, unlisted]

    def test_deleting_it_detaches_nothing(self, driver: Driver, iam: IAMClient) -> None:
        ours = managed(iam)
        exclusive = driver.create(ATTACHED_EXCLUSIVE, roleName="owner", policyArns=[ours])
        driver.delete(ATTACHED_EXCLUSIVE, exclusive)
        assert iam.get_policy(PolicyArn=ours)["Policy"]["AttachmentCount"] == 1

    def test_a_role_that_is_gone_takes_it_along(self, driver: Driver, iam: IAMClient) -> None:
        exclusive = driver.create(INLINE_EXCLUSIVE, roleName="owner", policyNames=[])
        iam.delete_role(RoleName="owner")
        assert driver.read(INLINE_EXCLUSIVE, exclusive) is None

    def test_order_changes_nothing(self, driver: Driver, iam: IAMClient) -> None:
        arns = [managed(iam, "a"), managed(iam, "b")]
        exclusive = driver.create(ATTACHED_EXCLUSIVE, roleName="owner", policyArns=arns)
        assert not driver.diff(ATTACHED_EXCLUSIVE, exclusive, roleName="owner", policyArns=arns[::-1]).changes
