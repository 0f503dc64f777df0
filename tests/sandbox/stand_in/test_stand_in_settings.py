"""Which account a provider reaches, and what keeps it from any other."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pulumi.provider.experimental import provider as requests

from sandbox.aws import settings
from sandbox.aws.errors import RefusedError
from sandbox.aws.wire import UNKNOWN, property_values
from tests.sandbox.stand_in.driver import Driver

REGION = {"region": "us-east-1"}
USER = "aws:iam/user:User"


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "localhost", "[::1]"])
def test_an_endpoint_on_loopback_is_taken(host: str) -> None:
    found = settings.provider_settings(REGION, {"AWS_ENDPOINT_URL": f"http://{host}:5000"})
    assert found.endpoint == f"http://{host}:5000"


@pytest.mark.parametrize(
    "url",
    [
        "https://iam.amazonaws.com",
        "http://10.0.0.1:5000",
        "http://0.0.0.0:5000",
        "http://localhost.example.com",
        "http://127.0.0.1.example.com",
        "http://127.0.0.1@example.com",
        "no url",
    ],
)
@pytest.mark.parametrize("variable", ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_IAM", "AWS_ENDPOINT_URL_STS"])
def test_an_endpoint_that_is_not_loopback_is_refused(url: str, variable: str) -> None:
    environment = {"AWS_ENDPOINT_URL": "http://127.0.0.1:5000", variable: url}
    with pytest.raises(RefusedError, match=rf"{variable} is .*not on loopback.*real plugin"):
        settings.provider_settings(REGION, environment)


def test_a_missing_endpoint_is_refused() -> None:
    with pytest.raises(RefusedError, match=r"AWS_ENDPOINT_URL is not set.*never reaches real AWS"):
        settings.provider_settings(REGION, {})


def test_a_missing_region_is_refused() -> None:
    with pytest.raises(RefusedError, match="no AWS region"):
        settings.provider_settings({}, {"AWS_ENDPOINT_URL": "http://127.0.0.1:5000"})


def test_a_request_that_another_setting_leads_away_stays_on_loopback(
    new_driver: Callable[..., Driver], account_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # AWS clients then ignore AWS_ENDPOINT_URL, so that the credentials of the profile would come from real AWS.
    monkeypatch.setenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true")
    with pytest.raises(RefusedError, match=r"https://sts.*stays on loopback"):
        new_driver(account_id).configure()


def test_a_proxy_is_not_used(
    new_driver: Callable[..., Driver], account_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    driver = new_driver(account_id)
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    driver.configure()
    assert driver.create(USER, name="alice").id == "alice"


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("endpoints", [{"iam": "https://iam.amazonaws.com"}]),
        ("assumeRoles", [{"roleArn": "arn:aws:iam::111111111111:role/a"}]),
        ("accessKey", "AKIA"),
        ("forbiddenAccountIds", ["111111111111"]),
        ("defaultTags", {"tags": {}, "other": 1}),
        ("allowedAccountIds", "no JSON"),
    ],
)
def test_an_input_that_is_not_honoured_is_refused(
    key: str, value: Any, new_driver: Callable[..., Driver], account_id: str
) -> None:
    with pytest.raises(RefusedError, match=key):
        new_driver(account_id, **{key: value}).configure()


def test_the_check_of_the_provider_names_the_input(driver: Driver) -> None:
    request = requests.CheckRequest(
        "urn", {}, property_values({"accessKey": "AKIA", "skipRegionValidation": "true"}), b""
    )
    failures = driver.answer(driver.provider.check_config(request)).failures or []
    assert [failure.property for failure in failures] == ["accessKey"]


def test_inputs_without_effect_are_taken(new_driver: Callable[..., Driver], account_id: str) -> None:
    new_driver(account_id, skipCredentialsValidation=True, version="7.51.1").configure()


def test_the_account_is_that_of_the_profile(driver: Driver) -> None:
    identity = driver.invoke("aws:index/getCallerIdentity:getCallerIdentity")
    assert (identity["accountId"], identity["id"]) == (driver.account_id, driver.account_id)
    assert identity["arn"].startswith(f"arn:aws:sts::{driver.account_id}:assumed-role/deploy/")


def test_an_allowed_account_is_taken(new_driver: Callable[..., Driver], account_id: str) -> None:
    new_driver(account_id, allowedAccountIds=["111111111111", account_id]).configure()


def test_another_account_is_refused_as_the_real_provider_does(
    new_driver: Callable[..., Driver], account_id: str
) -> None:
    other = new_driver(account_id, allowedAccountIds=["111111111111"])
    with pytest.raises(RefusedError, match=f"^AWS account ID not allowed: {account_id}$"):
        other.configure()


def test_a_missing_profile_is_named_with_its_file(environment: Path) -> None:
    with pytest.raises(RefusedError, match=f"'nobody' is not in {environment}"):
        Driver("", {"profile": "nobody", **REGION}).configure()


def test_a_server_that_is_not_there_is_named(
    new_driver: Callable[..., Driver], account_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    driver = new_driver(account_id)
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    with pytest.raises(RefusedError, match=r"server at http://127.0.0.1:9 cannot be used"):
        driver.configure()


def test_missing_credentials_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with pytest.raises(RefusedError, match="credentials of the environment"):
        Driver("", REGION).configure()


def test_unknown_inputs_of_the_provider_wait(new_driver: Callable[..., Driver], account_id: str) -> None:
    waiting = new_driver(account_id, region=UNKNOWN)
    waiting.configure()
    assert waiting.preview_create(USER, name="alice").outputs["name"] == "alice"
    with pytest.raises(RefusedError, match="not known yet"):
        waiting.create(USER, name="alice")


def test_the_partition_follows_from_the_region(new_driver: Callable[..., Driver], account_id: str) -> None:
    china = new_driver(account_id, region="cn-north-1")
    china.configure()
    assert china.create(USER, name="alice").outputs["arn"] == f"arn:aws-cn:iam::{account_id}:user/alice"


@pytest.mark.parametrize(
    ("old", "new", "changed"),
    [
        ({"region": "a", "version": "1"}, {"region": "a", "version": "2"}, []),
        ({"region": "a"}, {"region": "b"}, ["region"]),
        ({"profile": "a"}, {}, ["profile"]),
    ],
)
def test_a_changed_input_of_the_provider_is_a_change(
    driver: Driver, old: dict[str, str], new: dict[str, str], changed: list[str]
) -> None:
    request = requests.DiffRequest("urn", "id", property_values(old), property_values(new), [])
    response = driver.answer(driver.provider.diff_config(request))
    assert (response.changes, response.diffs, response.replaces) == (bool(changed), changed, [])


def test_each_call_to_aws_is_logged_once(
    new_driver: Callable[..., Driver], account_id: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = tmp_path / "calls"
    monkeypatch.setenv("DELEGATION_CALL_LOG", str(log))
    logged = new_driver(account_id)
    logged.configure()
    logged.create("aws:iam/group:Group", name="admins")
    assert log.read_text().splitlines() == [
        "sts:GetCallerIdentity",
        "sts:AssumeRole",
        "iam:CreateGroup",
        "iam:GetGroup",
    ]


def test_an_unknown_type_names_the_real_plugin(driver: Driver) -> None:
    with pytest.raises(RefusedError, match=r"type aws:s3/bucket:Bucket;.*pulumi-resource-aws"):
        driver.check("aws:s3/bucket:Bucket")


def test_an_unknown_function_names_the_real_plugin(driver: Driver) -> None:
    with pytest.raises(RefusedError, match=r"function aws:iam/getRole:getRole;.*pulumi-resource-aws"):
        driver.invoke("aws:iam/getRole:getRole", name="a")


def test_default_tags_join_a_resource_s_own(new_driver: Callable[..., Driver], account_id: str) -> None:
    tagged = new_driver(account_id, defaultTags={"tags": {"team": "it", "stage": "all"}})
    tagged.configure()
    user = tagged.create(USER, name="alice", tags={"stage": "own"})
    assert user.outputs["tags"] == {"stage": "own"}
    assert user.outputs["tagsAll"] == {"team": "it", "stage": "own"}
    assert not tagged.diff(USER, user, name="alice", tags={"stage": "own"}).changes


def test_changed_default_tags_change_the_resource(new_driver: Callable[..., Driver], account_id: str) -> None:
    before, after = new_driver(account_id), new_driver(account_id, defaultTags={"tags": {"team": "it"}})
    before.configure()
    after.configure()
    user = before.create(USER, name="alice")
    assert after.diff(USER, user, name="alice").diffs == ["tagsAll"]
    assert after.update(USER, user, name="alice").outputs["tagsAll"] == {"team": "it"}


def test_the_schema_names_every_type_and_what_it_requires(driver: Driver) -> None:
    response = driver.answer(driver.provider.get_schema(requests.GetSchemaRequest(0)))
    resources = json.loads(response.schema or "")["resources"]
    assert len(resources) == 11
    assert resources["aws:iam/role:Role"]["requiredInputs"] == ["assumeRolePolicy"]
