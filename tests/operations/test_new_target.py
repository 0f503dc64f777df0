"""`make new-target`: the two files of one more target account."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from operations import new_target, stack_files
from operations.errors import OperationError, exit_code
from operations.targets import disagreements
from sandbox.stack_files import configure, share

PACK_CONFIG = "policypacks/delegation/config"
CIDRS = ["203.0.113.10/32"]


def pack_config(top: Path, stack: str) -> dict[str, Any]:
    return json.loads((top / PACK_CONFIG / f"{stack}.json").read_text())  # type: ignore[no-any-return]


def files(top: Path) -> set[str]:
    return {str(file.relative_to(top)) for file in top.rglob("*") if file.is_file()}


def test_the_new_stack_has_the_security_account_and_the_addresses_of_the_others(repository: Path) -> None:
    new_target.write(repository, "staging", "444444444444")
    settings = stack_files.read_settings(repository, "staging")
    assert settings.security_account_id == "111111111111"
    assert settings.target_account_id == "444444444444"
    assert list(settings.static_ips) == CIDRS


def test_the_new_files_look_like_the_existing_ones(repository: Path) -> None:
    new_target.write(repository, "preprod2", "222222222229")
    written = (repository / "Pulumi.preprod2.yaml").read_text()
    existing = (repository / "Pulumi.preprod.yaml").read_text()

    def values(text: str) -> list[str]:
        return [line for line in text.splitlines() if not line.lstrip().startswith("#")]

    assert values(written) == values(existing.replace("222222222222", "222222222229"))
    assert (repository / PACK_CONFIG / "preprod2.json").read_text() == (
        repository / PACK_CONFIG / "preprod.json"
    ).read_text()


def test_given_addresses_go_into_both_files(repository: Path) -> None:
    new_target.write(repository, "staging", "444444444444", ["198.51.100.7", "203.0.113.0/28"])
    settings = stack_files.read_settings(repository, "staging")
    assert list(settings.static_ips) == ["198.51.100.7/32", "203.0.113.0/28"]
    lists = [entry["allowedCidrs"] for entry in pack_config(repository, "staging").values() if "allowedCidrs" in entry]
    assert lists
    assert all(entry == ["198.51.100.7/32", "203.0.113.0/28"] for entry in lists)


def test_what_all_targets_agree_on_is_taken_over_and_nothing_else(repository: Path) -> None:
    for stack in ("preprod", "production"):
        configure(repository, stack, staticIpAt="both", tags={"team": "platform"})
    configure(repository, "preprod", trustPolicyQuota=4096)
    settings = new_target.write(repository, "staging", "444444444444")
    read = stack_files.read_settings(repository, "staging")
    assert settings == read
    assert (read.static_ip_at, read.tags, read.trust_policy_quota) == ("both", {"team": "platform"}, 2048)


def share_only(top: Path, **values: Any) -> None:
    """Put keys into Pulumi.yaml, and take them out of the stacks' own files."""
    share(top, **values)
    for stack in ("preprod", "production", "security"):
        configure(top, stack, **dict.fromkeys(values))


def test_what_stands_once_in_the_shared_file_is_not_written_again(repository: Path) -> None:
    share_only(repository, securityAccountId="111111111111", staticIps=["198.51.100.7"])
    new_target.write(repository, "staging", "444444444444")
    assert stack_files.read_values(repository, "staging") == {"targetAccountId": "444444444444"}
    read = stack_files.read_settings(repository, "staging")
    assert (read.security_account_id, read.cidrs) == ("111111111111", ("198.51.100.7/32",))
    assert pack_config(repository, "staging")["iam-assume-role-requires-source-ip"] == {
        "allowedCidrs": ["198.51.100.7/32"]
    }


def test_given_addresses_override_the_shared_ones(repository: Path) -> None:
    share_only(repository, staticIps=["198.51.100.7"])
    new_target.write(repository, "staging", "444444444444", ["203.0.113.77"])
    assert stack_files.read_settings(repository, "staging").cidrs == ("203.0.113.77/32",)


def test_a_target_that_overrides_the_shared_addresses_asks_for_those_of_the_new_one(repository: Path) -> None:
    share_only(repository, staticIps=["198.51.100.7"])
    configure(repository, "preprod", staticIps=["203.0.113.77"])
    with pytest.raises(OperationError, match=r"have different static IPs.* IPS="):
        new_target.write(repository, "staging", "444444444444")


TWO_GROUPS = {"IT-Admins": ["alice"], "Auditors": ["carol", {"name": "dave", "until": "2099-12-31"}]}
TWO_ROLES = {"TSU-IAM-ACCESS": {"groups": ["IT-Admins"]}, "TSU-AUDIT": {"groups": ["Auditors", "IT-Admins"]}}


def test_who_gets_in_is_said_by_role(repository: Path) -> None:
    share_only(repository, groups=TWO_GROUPS, roles=TWO_ROLES)
    told = new_target.left_to_do(new_target.write(repository, "staging", "444444444444"))
    assert "  TSU-IAM-ACCESS: IT-Admins\n" in told
    assert "  TSU-AUDIT: Auditors, IT-Admins\n" in told
    assert "delegation:only" in told


def test_what_all_targets_narrow_the_new_one_narrows_too(repository: Path) -> None:
    share_only(repository, groups=TWO_GROUPS, roles=TWO_ROLES)
    for stack in ("preprod", "production"):
        configure(repository, stack, only={"groups": ["Auditors"]})
    told = new_target.left_to_do(new_target.write(repository, "staging", "444444444444"))
    assert "  TSU-AUDIT: Auditors\n" in told
    assert "TSU-IAM-ACCESS" not in told
    assert list(stack_files.read_settings(repository, "staging").access_roles) == ["TSU-AUDIT"]


def test_revoked_sessions_are_not_taken_over(repository: Path) -> None:
    for stack in ("preprod", "production"):
        configure(repository, stack, revokeSessionsBefore="2025-11-25T10:00:00Z")
    assert new_target.write(repository, "staging", "444444444444").revoke_sessions_before is None


def test_exemptions_are_not_taken_over(repository: Path) -> None:
    for stack in ("preprod", "production"):
        config = pack_config(repository, stack)
        config["iam-role-management-requires-source-ip"]["exempt"] = [{"resource": "access-role", "reason": "a test"}]
        (repository / PACK_CONFIG / f"{stack}.json").write_text(json.dumps(config))
    new_target.write(repository, "staging", "444444444444")
    assert pack_config(repository, "staging")["iam-role-management-requires-source-ip"] == {"allowedCidrs": CIDRS}


def test_the_first_target_of_all_takes_the_policy_packs_addresses(repository: Path) -> None:
    for stack in ("preprod", "production"):
        (repository / f"Pulumi.{stack}.yaml").unlink()
        (repository / PACK_CONFIG / f"{stack}.json").unlink()
    new_target.write(repository, "preprod", "222222222222", ["198.51.100.7"])
    assert pack_config(repository, "preprod")["iam-assume-role-requires-source-ip"] == {
        "allowedCidrs": ["198.51.100.7/32"]
    }


@pytest.mark.parametrize(
    ("stack", "account_id", "addresses", "message"),
    [
        pytest.param("", "444444444444", [], "cannot be a stack's name", id="no-name"),
        pytest.param("Staging", "444444444444", [], "lower-case", id="upper-case"),
        pytest.param("../staging", "444444444444", [], "cannot be a stack's name", id="path"),
        pytest.param("staging.eu", "444444444444", [], "cannot be a stack's name", id="dot"),
        pytest.param("preprod", "444444444444", [], "Pulumi.preprod.yaml exists already", id="existing"),
        pytest.param("security", "444444444444", [], "Pulumi.security.yaml exists already", id="security"),
        pytest.param("default", "444444444444", [], "default.json exists already", id="shared"),
        pytest.param("staging", "", [], "ACCOUNT=", id="no-account"),
        pytest.param("staging", "4444", [], "has 4 digits, where an account id has 12", id="short-account"),
        pytest.param("staging", "4444-4444-4444", [], "is not an account id", id="dashes"),
        pytest.param("staging", "111111111111", [], "is the Security account too", id="security-account"),
        pytest.param("staging", "222222222222", [], "belongs to stack preprod already", id="account-of-another"),
        pytest.param("staging", "444444444444", ["10.0.0.1"], "is a private range", id="private-address"),
        pytest.param("staging", "444444444444", ["office"], "is neither an address nor a CIDR", id="no-address"),
    ],
)
def test_what_is_refused_writes_nothing(
    repository: Path, stack: str, account_id: str, addresses: list[str], message: str
) -> None:
    before = files(repository)
    with pytest.raises(OperationError, match=message.replace(".", r"\.")):
        new_target.write(repository, stack, account_id, addresses)
    assert files(repository) == before


def test_an_existing_pack_configuration_is_not_overwritten(repository: Path) -> None:
    (repository / PACK_CONFIG / "staging.json").write_text("{}")
    with pytest.raises(OperationError, match=r"config/staging\.json exists already"):
        new_target.write(repository, "staging", "444444444444")
    assert not (repository / "Pulumi.staging.yaml").exists()


def test_targets_with_different_addresses_ask_for_those_of_the_new_one(repository: Path) -> None:
    configure(repository, "preprod", staticIps=["198.51.100.7"])
    with pytest.raises(OperationError, match=r"have different static IPs.* IPS="):
        new_target.write(repository, "staging", "444444444444")


def test_a_gate_that_was_switched_off_is_not_copied(repository: Path) -> None:
    (repository / PACK_CONFIG / "preprod.json").write_text('{"iam-trust-requires-mfa": "disabled"}')
    with pytest.raises(OperationError, match="set the level of iam-trust-requires-mfa"):
        new_target.write(repository, "staging", "444444444444")


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("Pulumi.preprod.yaml", "config: [", "Pulumi.preprod.yaml is not YAML"),
        ("Pulumi.preprod.yaml", "config: text", "`config` is not a map"),
        ("Pulumi.security.yaml", "config: {}", "securityAccountId: is missing"),
        (f"{PACK_CONFIG}/preprod.json", "{", "preprod.json is not JSON"),
        (f"{PACK_CONFIG}/preprod.json", "[]", "preprod.json is not a JSON object"),
    ],
)
def test_a_broken_file_is_named(repository: Path, name: str, text: str, message: str) -> None:
    (repository / name).write_text(text)
    with pytest.raises(OperationError) as refused:
        new_target.write(repository, "staging", "444444444444", ["198.51.100.7"])
    assert message in str(refused.value)


def test_the_command_says_what_is_left_to_do(
    repository: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["new_target", "--stack=staging", "--account=444444444444", "--static-ips="])
    assert exit_code(new_target.main) == 0
    told = capsys.readouterr().out
    steps = (
        "bootstrap/target.yaml",
        "delegation-staging",
        "pulumi stack init staging",
        "environment staging",
        "Commit",
    )
    for step in steps:
        assert step in told
    assert max(map(len, told.splitlines())) <= 80
    assert (repository / "Pulumi.staging.yaml").exists()


def test_the_command_refuses_in_a_sentence(
    repository: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    del repository
    monkeypatch.setattr("sys.argv", ["new_target", "--stack=preprod", "--account=444444444444"])
    assert exit_code(new_target.main) == 1
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == (
        "",
        "Pulumi.preprod.yaml exists already: choose another name, or delete it first.\n",
    )


LISTED = """\
# The accounts.
config:
  delegation:securityAccountId: "111111111111"
  delegation:staticIps: [203.0.113.10]
  # All of them.
  delegation:targets:
    preprod: "222222222222"
    production:  # the important one
      accountId: "333333333333"
  delegation:grants: packed
encryptionsalt: v1:x
"""


def test_without_declared_targets_the_security_stack_stays_as_it_is(repository: Path) -> None:
    before = (repository / "Pulumi.security.yaml").read_text()
    new_target.write(repository, "staging", "444444444444")
    assert (repository / "Pulumi.security.yaml").read_text() == before


def test_with_packed_grants_the_security_stack_declares_the_target(repository: Path) -> None:
    file = repository / "Pulumi.security.yaml"
    file.write_text(LISTED)
    new_target.write(repository, "staging", "444444444444")
    line = '      accountId: "333333333333"\n'
    assert file.read_text() == LISTED.replace(line, line + '    staging: "444444444444"\n')
    assert list(disagreements(repository, "staging")) == []


@pytest.mark.parametrize(
    "targets",
    [
        pytest.param('  delegation:targets: {preprod: "222222222222"}\n', id="in-one-line"),
        pytest.param('  delegation:targets:\n    preprod: {\n      accountId: "222222222222"\n    }\n', id="nested"),
        pytest.param('  delegation:targets:\n    preprod: "222222222222"', id="without-a-last-line-break"),
    ],
)
def test_targets_in_any_form_get_one_more(repository: Path, targets: str) -> None:
    text = 'config:\n  delegation:securityAccountId: "111111111111"\n  delegation:staticIps: [203.0.113.10]\n'
    (repository / "Pulumi.security.yaml").write_text(text + targets)
    new_target.write(repository, "staging", "444444444444")
    settings = stack_files.read_settings(repository, "security")
    assert {name: settings.target(name).target_account_id for name in settings.targets} == {
        "preprod": "222222222222",
        "staging": "444444444444",
    }


def test_with_packed_grants_the_security_stack_goes_first(repository: Path) -> None:
    (repository / "Pulumi.security.yaml").write_text(LISTED)
    for stack in ("preprod", "production"):
        configure(repository, stack, grants="packed")
    told = new_target.left_to_do(new_target.write(repository, "staging", "444444444444"))
    assert "The files of the stack security have the account too." in told
    assert "4. make up STACK=security, which makes the grants, and then\n   make preview STACK=staging\n" in told
    assert max(map(len, told.splitlines())) <= 80


def test_a_declared_target_says_in_what_it_differs(repository: Path) -> None:
    (repository / "Pulumi.security.yaml").write_text(LISTED)
    for stack in ("preprod", "production"):
        configure(repository, stack, staticIpAt="both")
    new_target.write(repository, "staging", "444444444444", ["198.51.100.7"])
    assert list(disagreements(repository, "staging")) == []
    own = stack_files.read_settings(repository, "security").target("staging")
    assert (own.cidrs, own.static_ip_at) == (("198.51.100.7/32",), "both")


def test_the_policy_packs_list_of_targets_gets_the_account_and_its_addresses(repository: Path) -> None:
    new_target.write(repository, "staging", "444444444444")
    new_target.write(repository, "testing", "555555555555", ["198.51.100.7"])
    config = pack_config(repository, "security")
    assert config["iam-assume-role-names-roles"]["targetAccounts"] == [
        *("222222222222", "333333333333", "444444444444", "555555555555")
    ]
    assert config["iam-assume-role-requires-source-ip"]["byAccount"] == {
        "555555555555": {"allowedCidrs": ["198.51.100.7/32"]}
    }
    assert config["iam-mfa-devices-own-only"] == {"allowedCidrs": CIDRS}


def test_the_policy_pack_learns_that_a_target_tests_the_address_in_its_sessions(repository: Path) -> None:
    for stack in ("preprod", "production"):
        configure(repository, stack, staticIpAt="session")
    new_target.write(repository, "staging", "444444444444")
    assert pack_config(repository, "security")["iam-assume-role-requires-source-ip"]["byAccount"] == {
        "444444444444": {"allowedCidrs": CIDRS, "mode": "session"}
    }
