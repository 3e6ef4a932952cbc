"""Expands `~` in paths that are typed or configured."""

from __future__ import annotations

import os.path

__all__ = ["expand_user"]


def expand_user(path: str) -> str:
    """Return a path with its `~` or `~user` expanded; as it is where there is no such user.

    `Path.expanduser` raises there, which would end the dashboard in the middle of typing a name.
    """
    return os.path.expanduser(path)  # noqa: PTH111 - see above
