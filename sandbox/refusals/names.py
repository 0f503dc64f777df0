"""Names as IAM takes them: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html"""

from __future__ import annotations

import re
from collections.abc import Mapping

from sandbox.refusals.answers import IamError

_NAME = re.compile(r"[\w+=,.@-]+", re.ASCII)
_LENGTHS: Mapping[str, int] = {
    "UserName": 64,
    "NewUserName": 64,
    "GroupName": 128,
    "NewGroupName": 128,
    "RoleName": 64,
    "PolicyName": 128,
}
"""Most characters of a name, by parameter."""
_PATH = re.compile(r"/|/[!-\x7e]+/")


def check_names(parameters: Mapping[str, str]) -> None:
    """Refuse a call with a name or path that IAM does not take."""
    for parameter, most in _LENGTHS.items():
        name = parameters.get(parameter)
        if name is None:
            continue
        field = parameter[0].lower() + parameter[1:]
        if len(name) > most:
            raise IamError(
                "ValidationError",
                f"1 validation error detected: Value '{name}' at '{field}' failed to satisfy constraint: "
                f"Member must have length less than or equal to {most}",
            )
        if not _NAME.fullmatch(name):
            raise IamError(
                "ValidationError",
                f"The specified value for {field} is invalid. It must contain only alphanumeric characters and/or "
                "the following: +=,.@_-",
            )
    for parameter in ("Path", "NewPath"):
        path = parameters.get(parameter)
        if path is not None and (not _PATH.fullmatch(path) or len(path) > 512):
            raise IamError(
                "ValidationError",
                f"The specified value for {parameter[0].lower() + parameter[1:]} is invalid. It must begin and end "
                "with / and contain only alphanumeric characters and/or / characters.",
            )
