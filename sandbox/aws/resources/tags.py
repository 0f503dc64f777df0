"""Tags of users, roles and managed policies."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mypy_boto3_iam.type_defs import TagTypeDef


def tag_list(tags: Mapping[str, str]) -> list[TagTypeDef]:
    """Return tags as AWS's calls take them."""
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def tag_outputs(
    found: Iterable[TagTypeDef], known: Mapping[str, Any], default_tags: Mapping[str, str]
) -> dict[str, Any]:
    """Return the outputs `tags` and `tagsAll` of a resource whose tags in AWS are `found`.

    A tag that the provider's default tags account for is no tag of the resource itself, unless it was one before.
    """
    tags_all = {tag["Key"]: tag["Value"] for tag in found}
    own = known.get("tags", {})
    tags = {key: value for key, value in tags_all.items() if key in own or default_tags.get(key) != value}
    return {"tags": tags, "tagsAll": tags_all}


def update_tags(
    old: Mapping[str, str],
    new: Mapping[str, str],
    tag: Callable[[list[TagTypeDef]], object],
    untag: Callable[[list[str]], object],
) -> None:
    """Make the tags `old` of a resource the tags `new`."""
    if gone := sorted(old.keys() - new.keys()):
        untag(gone)
    if changed := {key: value for key, value in new.items() if old.get(key) != value}:
        tag(tag_list(changed))
