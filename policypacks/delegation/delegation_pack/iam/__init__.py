"""What IAM would do with a policy document, decided from the document alone.

The public names of the analysis. `document` reads a document into typed statements, `decision` asks whether it lets a
request of some class through (its docstring says what is decided and what is not), `evaluation` judges one given
request. No module here imports Pulumi or calls AWS.

    document = parse(text, Kind.TRUST)
    callers = callers_of_trust("222222222222")
    finding = decide(document, Question(callers=callers, targets=(ASSUME_THIS_ROLE,), keys=WITHOUT_MFA))
    if finding:
        print(finding.sentence)

`parse` and `decide` raise `Unverifiable` for what they cannot judge; treat it as a violation, never as a pass.
"""

from delegation_pack.iam.decision import Finding, decide
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
    size,
)
from delegation_pack.iam.evaluation import Decision, Request, Verdict, evaluate
from delegation_pack.iam.question import (
    ASSUME_THIS_ROLE,
    WITHOUT_MFA,
    Attachment,
    Callers,
    CallerType,
    Question,
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
    "ASSUME_THIS_ROLE",
    "WITHOUT_MFA",
    "Attachment",
    "CallerType",
    "Callers",
    "Condition",
    "Decision",
    "Document",
    "Effect",
    "Finding",
    "Kind",
    "Principal",
    "PrincipalKind",
    "Question",
    "Request",
    "Resources",
    "Statement",
    "Target",
    "Unverifiable",
    "Values",
    "Verdict",
    "assume_roles_elsewhere",
    "assume_this_role",
    "callers_of_identity",
    "callers_of_trust",
    "decide",
    "evaluate",
    "matching_actions",
    "outside",
    "parse",
    "size",
]
