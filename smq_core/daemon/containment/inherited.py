"""What a command inherits: the folder, environment and umask that its worker process had at the start.

Handlers of the same process may change all three for themselves.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Self

from smq_core.file_identity import identity_at

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["InheritedState"]


class InheritedState(NamedTuple):
    """Folder, environment and umask of a process."""

    folder: str
    identity: tuple[int, int] | None
    """Device and inode of the folder; None: it was removed already."""
    environment: Mapping[str, str]
    umask: int

    @classmethod
    def taken(cls) -> Self:
        """Return those of this process, which has one thread: the umask is set for a moment to be read."""
        umask = os.umask(0o077)
        os.umask(umask)
        try:
            folder, identity = str(Path.cwd()), identity_at(".")
        except OSError:
            folder, identity = "", None
        return cls(folder, identity, dict(os.environ), umask)

    def way_back(self) -> str | None:
        """Return the folder to go to; None while this process is still in it."""
        return None if self.identity is None or identity_at(".") == self.identity else self.folder
