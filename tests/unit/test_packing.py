"""Packed grants: which role goes into which policy, and what is written first."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest
from delegation_pack.facts.quotas import MANAGED_POLICY, characters

from components import QuotaExceededError
from components.documents import Terms, grant_condition
from components.packing import PACKED_POLICIES, Packing, pack

OFFICE = Terms(None, ("203.0.113.10/32",))
VPN = Terms(None, ("198.51.100.7/32",))
YOUNG = Terms(1, ("203.0.113.10/32",))


def roles(count: int, terms: Terms = OFFICE, name: str = "TSU-IAM-ACCESS") -> dict[str, Terms]:
    """One role in each of so many accounts."""
    return {f"arn:aws:iam::{account:012}:role/{name}": terms for account in range(1, count + 1)}


def places(packing: Packing) -> dict[str, int]:
    """The policy that each role is in."""
    return {arn: number for number, document in packing.documents.items() for arn in granted(document)}


def granted(document: str) -> dict[str, object]:
    """The condition on which a document grants each role."""
    found = {}
    for statement in json.loads(document)["Statement"]:
        resources = statement["Resource"]
        for arn in [resources] if isinstance(resources, str) else resources:
            assert arn not in found
            found[arn] = statement["Condition"]
    return found


def all_granted(packing: Packing) -> dict[str, object]:
    """The same of all policies; no role is in two."""
    found: dict[str, object] = {}
    for document in packing.documents.values():
        assert not found.keys() & granted(document).keys()
        found |= granted(document)
    return found


def expected(wanted: Mapping[str, Terms]) -> dict[str, object]:
    return {arn: grant_condition(terms) for arn, terms in wanted.items()}


def test_each_role_is_granted_once_on_its_terms_and_equal_terms_share_a_statement() -> None:
    wanted = roles(5) | roles(5, YOUNG, "AUDIT") | roles(2, VPN, "REMOTE")
    packing = pack("IT-Admins", wanted, {})
    assert all_granted(packing) == expected(wanted)
    (document,) = packing.documents.values()
    assert len(json.loads(document)["Statement"]) == 3


def test_nothing_to_grant_makes_no_policy() -> None:
    assert pack("IT-Admins", {}, {}).documents == {}


def test_a_thousand_accounts_fit_into_nine_policies_filled_up() -> None:
    packing = pack("IT-Admins", roles(1000), {})
    assert len(places(packing)) == 1000
    sizes = [characters(document) for document in packing.documents.values()]
    assert len(sizes) <= len(PACKED_POLICIES) == 9
    a_role = len('"arn:aws:iam::222222222222:role/TSU-IAM-ACCESS",')
    assert all(MANAGED_POLICY - a_role - 10 < size <= MANAGED_POLICY for size in sizes[:-1])


def test_one_role_too_many_is_refused_with_what_to_do() -> None:
    full = max(count for count in range(1000, 1200) if fits(count))
    with pytest.raises(QuotaExceededError) as refusal:
        pack("IT-Admins", roles(full + 1), {})
    assert str(refusal.value).startswith(f"The packed grants of group IT-Admins on {full + 1:,} roles: they fill more")
    assert "Identity Center" in str(refusal.value)


def fits(count: int) -> bool:
    try:
        pack("IT-Admins", roles(count), {})
    except QuotaExceededError:
        return False
    return True


@pytest.mark.parametrize("added", ["arn:aws:iam::000000000000:role/A", "arn:aws:iam::999999999999:role/Z"])
def test_one_more_account_changes_one_policy_wherever_it_is_in_the_order(added: str) -> None:
    before = pack("IT-Admins", roles(300), {})
    wanted = dict(sorted((roles(300) | {added: OFFICE}).items()))
    after = pack("IT-Admins", wanted, places(before))
    changed = [number for number in after.documents if after.documents[number] != before.documents.get(number)]
    assert len(changed) == 1
    assert after.first == {}
    assert all_granted(after) == expected(wanted)


def test_an_account_less_changes_one_policy_and_the_next_one_takes_its_place() -> None:
    before = pack("IT-Admins", roles(300), {})
    gone = "arn:aws:iam::000000000007:role/TSU-IAM-ACCESS"
    wanted = {arn: terms for arn, terms in roles(300).items() if arn != gone}
    after = pack("IT-Admins", wanted, places(before))
    assert [number for number in (1, 2, 3) if after.documents[number] != before.documents[number]] == [1]
    again = pack("IT-Admins", wanted | {"arn:aws:iam::000000000999:role/TSU-IAM-ACCESS": OFFICE}, places(after))
    assert places(again)["arn:aws:iam::000000000999:role/TSU-IAM-ACCESS"] == 1


def test_changed_terms_leave_each_role_in_its_policy_where_they_fit() -> None:
    before = pack("IT-Admins", roles(200), {})
    after = pack("IT-Admins", roles(200, VPN), places(before))
    assert places(after) == places(before)
    assert all_granted(after) == expected(roles(200, VPN))


def test_where_terms_grow_past_a_policy_its_last_roles_move_and_their_new_policy_is_written_first() -> None:
    before = pack("IT-Admins", roles(400), {})
    longer = Terms(None, tuple(f"203.0.113.{number}/32" for number in range(20)))
    after = pack("IT-Admins", roles(400, longer), places(before))
    assert all_granted(after) == expected(roles(400, longer))
    moves = {(places(before)[arn], number) for arn, number in places(after).items() if number != places(before)[arn]}
    assert moves
    assert all(taker in after.first[giver] for giver, taker in moves)
    # In some order each policy is written after those that take over from it.
    assert not set(after.first) & {taker for takers in after.first.values() for taker in takers}


def test_a_policy_number_that_there_is_not_counts_as_none() -> None:
    arn = next(iter(roles(1)))
    assert places(pack("IT-Admins", roles(1), {arn: 12})) == {arn: 1}
