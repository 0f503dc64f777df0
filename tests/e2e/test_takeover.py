"""A group and a user that exist by hand, taken over by Pulumi's import file."""

from __future__ import annotations

import json

from tests.e2e.stacks import Stacks


def test_an_existing_group_and_user_are_imported_and_not_made_again(stacks: Stacks) -> None:
    iam = stacks.iam("security")
    iam.create_user(UserName="alice")
    iam.create_group(GroupName="IT-Admins")
    ids = {(group := iam.get_group(GroupName="IT-Admins")["Group"])["GroupName"]: group["GroupId"]}
    ids["alice"] = iam.get_user(UserName="alice")["User"]["UserId"]

    plan = stacks.workspace.root / "import.json"
    stacks.pulumi("preview", "security", "--import-file", str(plan)).check()
    resources = json.loads(plan.read_text())
    existing = {"admins-alice": "alice", "admins-IT-Admins": "IT-Admins"}
    resources["resources"] = [
        resource | {"id": existing.get(resource["name"], resource.get("id"))}
        for resource in resources["resources"]
        if resource["name"] in existing or resource.get("component") or "providers" in resource["type"]
    ]
    plan.write_text(json.dumps(resources))
    stacks.workspace.run(
        "import", "--yes", "--stack", "security", "--file", str(plan), "--generate-code=false", "--protect=false"
    ).check()

    preview = stacks.pulumi("preview", "security", "--json").check().json()
    operations = {step["urn"].rpartition("::")[2]: step["op"] for step in preview["steps"]}
    # What stays the same is left out. The user's update is force_destroy, which IAM does not keep.
    assert "admins-IT-Admins" not in operations
    assert operations["admins-alice"] == "update"
    assert operations["admins-bob"] == "create"

    stacks.up("security")
    account = stacks.account("security")
    assert account.groups[0].members == tuple(sorted(account.users))
    assert iam.get_group(GroupName="IT-Admins")["Group"]["GroupId"] == ids["IT-Admins"]
    assert iam.get_user(UserName="alice")["User"]["UserId"] == ids["alice"]
