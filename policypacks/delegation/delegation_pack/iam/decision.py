"""Is any request of a class allowed?

Decided exactly: Allow and Deny together; Action, Resource, Principal and their negations; wildcards and policy
variables; every operator of `operators` with IfExists, ForAllValues, ForAnyValue and Null, on absent keys too. A
request is a caller (IAM user or role session), an action, a resource, and for each condition key a value or none. What
can occur together is kept to:

* aws:MultiFactorAuthPresent is absent with a user's access keys, "false" or "true" else, and never absent in a role's
  session;
* aws:MultiFactorAuthAge is present exactly when it is "true", aws:TokenIssueTime exactly when it is present;
* aws:SourceIp is never there together with the keys of VPC endpoints;
* aws:SecureTransport, aws:ViaAWSService, aws:RequestedRegion and the time are always there, and the time is any time;
* aws:PrincipalArn, aws:PrincipalAccount, aws:PrincipalType, aws:username and aws:userid are the caller's,
  aws:ResourceAccount is the resource's, if it has one; their paths hold no colon;
* keys of services that call in their own name, and keys of identity providers, are absent for users; a session keeps
  those of an OIDC provider and, of SAML, `keys.SAML_OF_SESSIONS`;
* a set of values holds an empty text only alone, and is then a null data set;
* a caller and the resource are of one partition: a known one, else `aws` or one that the document names.

Every other key is absent or has whatever value, or set of values, lets the request through.

`Unverifiable`, where the answer hangs on it: operators that do not suit a key's type (string operators on
aws:SourceIp); a plain operator on a key of several values; ForAnyValue with IfExists on an absent key; variables of
keys that are no texts; patterns for a number or a time in the query. And when a decision takes more than
`patterns.MAX_STEPS` steps (some 0.1 s), or a policy variable has more than `search.MAX_VALUES` values to tell apart.

It goes in stages: `encoding` (statements as clauses over the regions of keys), `solver`, `concrete` (a solution as a
request); `search` tries the values of policy variables, and the request is judged again by `evaluate`. No SAT or
SMT library is used: the pack has to run where only Pulumi is installed, and what is hard here is not the clauses but
the texts, which the automata of `patterns` decide exactly.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from delegation_pack.iam.document import Document, Effect, Statement, Unverifiable, matching_actions
from delegation_pack.iam.evaluation import Request, evaluate
from delegation_pack.iam.explanation import reasons, sentence
from delegation_pack.iam.patterns import Budget, TooComplexError
from delegation_pack.iam.query import Query
from delegation_pack.iam.scope import Placed, Scope, partitions
from delegation_pack.iam.search import search


@dataclass(frozen=True)
class Finding:
    """A request of the asked class that the documents allow."""

    request: Request
    document: int
    """Position in the list of documents, from 0, of the statement that lets the request through."""
    statement: Statement
    reasons: tuple[str, ...]
    """Why, most telling first: "BoolIfExists is true when aws:MultiFactorAuthPresent is absent"."""

    @property
    def sentence(self) -> str:
        """One full sentence for a violation message, without the name of the resource that carries the document:
        "Statement 1 ('Admins') allows sts:AssumeRole by arn:aws:iam::111111111111:user/alice with plain access keys
        (aws:MultiFactorAuthPresent absent), because BoolIfExists is true when aws:MultiFactorAuthPresent is absent."
        """
        return sentence(self.request, self.statement, self.reasons)


@dataclass(frozen=True)
class JointFinding:
    """A request of the asked class that each of several policies allows."""

    request: Request
    allowed_by: tuple[tuple[int, Statement], ...]
    """For each policy the statement that lets the request through, and the position of its document, from 0."""


def decide(documents: Document | Sequence[Document], query: Query) -> Finding | None:
    """Find a request of the query's class that the documents, taken together, allow; None if there is none.

    Raises:
        Unverifiable: neither can be shown within the stated bounds.
    """
    all_documents = (documents,) if isinstance(documents, Document) else tuple(documents)
    found = _found([all_documents], query)
    if found is None:
        return None
    request, (one,) = found
    why = reasons(all_documents, request, one.document, one.statement, query)
    return Finding(request, one.document, one.statement, why)


def decide_intersection(policies: Sequence[Sequence[Document]], query: Query) -> JointFinding | None:
    """Find a request of the query's class that every policy allows and none denies; None if there is none.

    A policy is all documents that are read together: a principal's identity policies, its permissions boundary, the
    trust policy of the role that it assumes. The bounds are `decide`'s.

    Raises:
        Unverifiable: neither can be shown within the stated bounds.
    """
    found = _found([tuple(documents) for documents in policies], query)
    if found is None:
        return None
    request, allowing = found
    return JointFinding(request, tuple((one.document, one.statement) for one in allowing))


def _found(policies: Sequence[tuple[Document, ...]], query: Query) -> tuple[Request, tuple[Placed, ...]] | None:
    placed = [
        Placed(p, i, document.has_variables, statement)
        for p, documents in enumerate(policies)
        for i, document in enumerate(documents)
        for statement in document.statements
    ]
    budget = Budget()
    doubt: str | None = None
    try:
        for target in query.targets:
            for action, statements in _by_statements(placed, target.actions, len(policies)):
                for callers in query.callers:
                    for partition in partitions(statements, callers):
                        scope = Scope(statements, callers, partition, action, target, query.keys, budget)
                        outcome = search(scope)
                        if isinstance(outcome, tuple):
                            return _confirmed(policies, *outcome)
                        doubt = doubt or outcome
    except TooComplexError:
        raise Unverifiable(
            "The document has too many conditions and patterns that bear on each other to be judged."
        ) from None
    if doubt:
        raise Unverifiable(doubt)
    return None


def _by_statements(placed: Sequence[Placed], actions: Iterable[str], policies: int) -> list[tuple[str, list[Placed]]]:
    """One action for each set of statements that actions can fall under, if every policy has an Allow among them."""
    covered = [matching_actions(one.statement, actions) for one in placed]
    allowed = [set[str]() for _ in range(policies)]
    for one, names in zip(placed, covered, strict=True):
        if one.statement.effect is Effect.ALLOW:
            allowed[one.policy] |= names
    possible = set(actions).intersection(*allowed)
    groups: dict[tuple[int, ...], str] = {}
    for action in (one for one in actions if one in possible):
        groups.setdefault(tuple(i for i, names in enumerate(covered) if action in names), action)
    return [(action, [placed[i] for i in group]) for group, action in groups.items()]


def _confirmed(
    policies: Sequence[tuple[Document, ...]], request: Request, allowing: tuple[Placed, ...]
) -> tuple[Request, tuple[Placed, ...]]:
    """What was found, once the request itself has been judged to be allowed."""
    for documents, one in zip(policies, allowing, strict=True):
        if not evaluate(documents, request).allowed:
            raise Unverifiable(f"{one.statement.heading} cannot be judged: two ways of judging it disagree.")
    return request, allowing
