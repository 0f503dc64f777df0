"""What IAM would do with a policy document, decided from the document alone.

The public names of the analysis: nothing outside imports past them. `document` reads a document into typed statements;
`decision` asks whether documents let a request of some class through (its docstring says what is decided and what is
not); `evaluation` judges one given request; `partial` keeps what is left of a document once user, role and their keys
are settled, and tells for whom that is the same; `domains` classes the addresses that documents tell apart;
`new_access` compares what two versions of a policy allow. No module here imports Pulumi or calls AWS.

    document = parse(text, Kind.TRUST)
    callers = callers_of_trust("222222222222")
    finding = decide(document, Query(callers=callers, targets=(ASSUME_THIS_ROLE,), keys=WITHOUT_MFA))
    if finding:
        print(finding.sentence)

`parse` and `decide` raise `Unverifiable` for what they cannot judge; treat it as a violation, never as a pass.
"""

from delegation_pack.iam.conditions import canonical as canonical_key
from delegation_pack.iam.decision import Finding, JointFinding, decide, decide_intersection
from delegation_pack.iam.document import (
    Condition,
    Document,
    Effect,
    Kind,
    Principal,
    PrincipalKind,
    Statement,
    Unverifiable,
    matching_actions,
    parse,
)
from delegation_pack.iam.domains import AddressClass, address_classes
from delegation_pack.iam.evaluation import Decision, Request, Unmet, Verdict, evaluate, unmet
from delegation_pack.iam.keys import ALWAYS_PRESENT, MFA_KEYS, VPC_ONLY
from delegation_pack.iam.keys import MFA as MFA_KEY
from delegation_pack.iam.keys import SOURCE_IP as ADDRESS_KEY
from delegation_pack.iam.new_access import NewAccess, new_access
from delegation_pack.iam.operators import Span, instant, merged, network
from delegation_pack.iam.partial import Known, asks_who, keys_asked, residual
from delegation_pack.iam.principals import names_directly
from delegation_pack.iam.query import (
    ASSUME_THIS_ROLE,
    WITHOUT_MFA,
    Attachment,
    Callers,
    CallerType,
    Query,
    Resources,
    Target,
    Values,
    assume_roles_elsewhere,
    assume_this_role,
    callers_of_identity,
    callers_of_trust,
    outside,
)

__all__ = [
    "ADDRESS_KEY",
    "ALWAYS_PRESENT",
    "ASSUME_THIS_ROLE",
    "MFA_KEY",
    "MFA_KEYS",
    "VPC_ONLY",
    "WITHOUT_MFA",
    "AddressClass",
    "Attachment",
    "CallerType",
    "Callers",
    "Condition",
    "Decision",
    "Document",
    "Effect",
    "Finding",
    "JointFinding",
    "Kind",
    "Known",
    "NewAccess",
    "Principal",
    "PrincipalKind",
    "Query",
    "Request",
    "Resources",
    "Span",
    "Statement",
    "Target",
    "Unmet",
    "Unverifiable",
    "Values",
    "Verdict",
    "address_classes",
    "asks_who",
    "assume_roles_elsewhere",
    "assume_this_role",
    "callers_of_identity",
    "callers_of_trust",
    "canonical_key",
    "decide",
    "decide_intersection",
    "evaluate",
    "instant",
    "keys_asked",
    "matching_actions",
    "merged",
    "names_directly",
    "network",
    "new_access",
    "outside",
    "parse",
    "residual",
    "unmet",
]
