"""The folder that a daemon works in, by the name that it was given: a link may come to name another one.

A deploy switches such a link from one release to the next. It reads no file.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from smq_core.daemon.configuration.config import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["WorkingFolder", "started_in"]


class WorkingFolder:
    """The folder of the handlers."""

    def __init__(self, named: Path) -> None:
        """Remember an absolute name, links and all."""
        self.named = named

    def path(self, name: str) -> str:
        """Return the path of a file that was named from within the folder."""
        return str(self.named / name)

    def find(self, folder: str | None = None) -> str:
        """Return which folder has the name now, every link followed; `folder` is one that was configured.

        Raises:
            ConfigError: when there is none.
        """
        named = self.named / (folder or "")
        try:
            found = named.resolve(strict=True)
        except OSError as error:
            raise ConfigError(f"cannot use the handler folder ({named}): {error.strerror}") from error
        if not found.is_dir():
            raise ConfigError(f"the handler folder ({named}) is a file")
        return str(found)


def started_in(environment: Mapping[str, str]) -> WorkingFolder:
    """Return the folder that this process was started in, by the shell's name for it where there is one.

    The system itself knows no links: `PWD` does, and is believed if it leads here.

    Raises:
        ConfigError: when the folder was removed.
    """
    named = Path(environment.get("PWD", ""))
    try:
        if named.is_absolute() and named.samefile(Path()):
            return WorkingFolder(named)
    except OSError:
        pass
    try:
        return WorkingFolder(Path.cwd())
    except OSError as error:
        raise ConfigError(
            f"cannot use the folder that smq-daemon was started in: {error.strerror}"
        ) from error
