"""The name of the operator in the activity log, if the caller gives none."""

from __future__ import annotations

import getpass

__all__ = ["user_name"]


def user_name() -> str:
    """Return the name of the user whose process this is; "somebody" where the system knows none."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "somebody"
