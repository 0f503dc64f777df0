"""Who may assume a role, with MFA only.

In scope are IAM users of any account and every principal of another account than the role's. Services, federation and
the account's own roles are not.
"""

from __future__ import annotations

from collections.abc import Iterator

from delegation_pack.configuration import Config
from delegation_pack.iam import ASSUME_THIS_ROLE, WITHOUT_MFA, Query, callers_of_trust, decide
from delegation_pack.judging import MFA_ON_ALLOW, because, on_trusts, on_trusts_in_stack
from delegation_pack.model import Policy
from delegation_pack.rule import Rule
from delegation_pack.trust_policies import VENDORS, without_vendors


def without_mfa(trust: Policy, config: Config) -> Iterator[str]:
    """Yield that a role can be assumed without MFA."""
    callers = callers_of_trust(trust.account, trust.partition)
    query = Query(callers=callers, targets=(ASSUME_THIS_ROLE,), keys=WITHOUT_MFA)
    finding = decide(without_vendors(trust, config), query)
    if finding:
        yield f"can be assumed without MFA: {because(finding)} Require it with Bool on the Allow."


RULE = Rule(
    name="iam-trust-requires-mfa",
    description="A trust policy lets IAM users and other accounts in only with MFA.",
    severity="critical",
    remediation=(
        f"Put {MFA_ON_ALLOW} on each Allow statement. Bool, not BoolIfExists: requests with plain access keys "
        "have no MFA key, and IfExists is true for a missing key."
    ),
    configuration=VENDORS,
    on_resource=on_trusts(without_mfa, by_account=True),
    on_stack=on_trusts_in_stack(without_mfa),
)
