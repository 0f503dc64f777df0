"""One person's way in: links, profiles and first steps."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from delegation_pack.facts import PARTITIONS

from access.explain import renewal, revoked
from access.model import Model, Role, User
from access.verdicts import Cell, Status, Verdicts


@dataclass(frozen=True)
class Setup:
    """What a person types and clicks."""

    links: Sequence[tuple[str, str]]
    """Account and role in words, and the switch-role link, or what to do where there is none."""
    profiles_mfa_in_session: str
    profiles_mfa_serial: str
    extend_switch_roles: str
    first_steps: Sequence[str]
    notes: Sequence[str]


def switch_role_link(model: Model, role: Role) -> str | None:
    """Return the console's link that fills in the Switch Role page; None where AWS publishes none."""
    return PARTITIONS[role.partition].switch_role_link(
        account_id=role.account, role=_with_path(role), display_name=f"{role.name} {model.label(role.account)}"
    )


def switch_role_by_hand(role: Role) -> str:
    """Say what to type into Switch Role where AWS publishes no link."""
    return PARTITIONS[role.partition].switch_role_by_hand(account_id=role.account, role=_with_path(role))


def _with_path(role: Role) -> str:
    return f"{role.path}{role.name}".lstrip("/")


def setup(verdicts: Verdicts, user: User) -> Setup:
    """Write everything that a user needs for the roles open to the user."""
    model = verdicts.model
    cells = [verdicts.cell(user, role) for role in model.roles]
    cells = [cell for cell in cells if cell.status is not Status.REFUSED]
    cells.sort(key=lambda cell: (model.label(cell.role.account), cell.role.name))
    names = _profile_names(model, [cell.role for cell in cells])
    device = f"arn:{user.partition}:iam::{user.account}:mfa/<your-device>"
    base = f"{model.label(user.account)}-keys"
    carrying, plain, extension = [], [], [f"[{model.label(user.account)}]\naws_account_id = {user.account}\n"]
    for cell, name in zip(cells, names, strict=True):
        head = f"[profile {name}]\nrole_arn = {cell.role.arn}\n"
        session = f"role_session_name = {user.name}\n"
        # A session that starts from temporary credentials is role chaining, which ends after an hour.
        carrying.append(f"{head}source_profile = {base}-mfa\n{session}")
        duration = f"duration_seconds = {cell.role.max_session}\n"
        plain.append(f"{head}source_profile = {base}\nmfa_serial = {device}\n{session}{duration}")
        extension.append(f"[{name}]\nrole_arn = {cell.role.arn}\nsource_profile = {model.label(user.account)}\n")
    return Setup(
        links=[
            (
                f"{model.label(cell.role.account)}, {cell.role.name}",
                switch_role_link(model, cell.role) or f"{switch_role_by_hand(cell.role)}.",
            )
            for cell in cells
        ],
        profiles_mfa_in_session="\n".join(carrying),
        profiles_mfa_serial="\n".join(plain),
        extend_switch_roles="\n".join(extension),
        first_steps=_first_steps(user, device, base),
        notes=[*_notes(cells, verdicts)],
    )


def _profile_names(model: Model, roles: Sequence[Role]) -> list[str]:
    # Of all roles, so that the program's outputs and everybody's profiles have the same names.
    accounts = [role.account for role in model.roles]
    return [model.label(role.account) + (f"-{role.name}" if accounts.count(role.account) > 1 else "") for role in roles]


def _first_steps(user: User, device: str, base: str) -> list[str]:
    return [
        f"{_sign_in(user)} and change the first password.",
        "Security credentials → Assign MFA device. The command line needs an authenticator app: passkeys give no code.",
        "Sign out and in again, now with MFA: until then nearly everything is refused.",
        "In the console switch roles, as above.",
        f"For the command line create an access key and put it into profile {base} of ~/.aws/credentials.",
        f"Each day: aws sts get-session-token --profile {base} --serial-number {device} --token-code <code>, "
        f"and put the three values into profile {base}-mfa.",
    ]


def _sign_in(user: User) -> str:
    partition = PARTITIONS[user.partition]
    page = partition.sign_in_page(user.account)
    if page:
        return f"Sign in at {page} as {user.name}"
    regional = " or ".join(map(partition.regional_sign_in_page, partition.regions))
    return (
        f"Sign in to account {user.account} as {user.name} (AWS publishes no sign-in page of one account in partition "
        f"{partition.id}; its regions sign in at {regional})"
    )


def _notes(cells: Sequence[Cell], verdicts: Verdicts) -> Iterator[str]:
    for cell in cells:
        only = [f"Only {', '.join(map(str, cell.provisos))}."] if cell.provisos else []
        time = verdicts.revoked_before(cell.role)
        said = [*cell.notes, *only, *renewal(cell), *([revoked(time)] if time else [])]
        if said:
            yield f"{verdicts.model.label(cell.role.account)}, {cell.role.name}: {' '.join(said)}"
