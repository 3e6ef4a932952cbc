"""Who acts: the name that the activity log gives, where the caller names none."""

from __future__ import annotations

import getpass

__all__ = ["user_name"]


def user_name() -> str:
    """Return the name of the user whose process this is; "somebody" where the system knows none."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "somebody"
