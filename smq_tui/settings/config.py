"""What an operator wrote down: named databases, keys, theme, pace.

Read from TOML and checked; nothing is written here.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from platformdirs import user_config_path

from smq_core.format import parse_duration
from smq_core.location import file_named
from smq_tui.settings.user_path import expand_user

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

__all__ = ["Config", "ConfigError", "Database", "config_path", "read_config"]

_KNOWN: Final = {"theme", "refresh", "ascii", "default", "keys", "databases"}
_KNOWN_OF_DATABASE: Final = {"path", "colour", "read_only"}


class ConfigError(ValueError):
    """A configuration that cannot be used; the sentence names the key and what was expected."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Database:
    """A database with a name."""

    path: str
    colour: str = ""
    """Of the masthead, so that production looks different."""
    read_only: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """What the file says."""

    theme: str = ""
    refresh: float | None = None
    is_ascii: bool = False
    default: str = ""
    """The name of the database that is opened where none is named."""
    keys: Mapping[str, str] = field(default_factory=dict)
    """Other keys for actions, by their ids."""
    databases: Mapping[str, Database] = field(default_factory=dict)


def config_path() -> Path:
    """Return where the configuration lies on this platform."""
    return user_config_path("smq") / "dashboard.toml"


def read_config(path: Path, action_ids: Collection[str]) -> Config:
    """Read and check a configuration; a missing file is an empty one.

    Raises:
        ConfigError: when it cannot be read, or a key is unknown or has an unfit value.
    """
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return Config()
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"{path} cannot be read: {error}") from error
    _refuse_unknown(found, _KNOWN, str(path))
    databases = {
        name: _database(name, value, path) for name, value in _table(found, "databases", path).items()
    }
    default = _text(found, "default", path)
    if default and default not in databases:
        raise ConfigError(
            f"{path}: default = {default!r} is not one of the databases {', '.join(databases) or '(none)'}"
        )
    keys = {name: _key(name, value, action_ids, path) for name, value in _table(found, "keys", path).items()}
    return Config(
        theme=_text(found, "theme", path),
        refresh=_refresh(found.get("refresh"), path),
        is_ascii=found.get("ascii") is True,
        default=default,
        keys=keys,
        databases=databases,
    )


def _database(name: str, value: object, path: Path) -> Database:
    if not isinstance(value, dict) or not isinstance(value.get("path"), str):
        raise ConfigError(f"{path}: databases.{name} needs a path")
    _refuse_unknown(value, _KNOWN_OF_DATABASE, f"{path}: databases.{name}")
    return Database(
        path=expand_user(file_named(value["path"], f"{path}: databases.{name}")),
        colour=str(value.get("colour", "")),
        read_only=value.get("read_only") is True,
    )


def _key(name: str, value: object, action_ids: Collection[str], path: Path) -> str:
    if name not in action_ids:
        raise ConfigError(
            f"{path}: keys.{name} is not an action: the help (?) and docs/dashboard.md list their ids"
        )
    if not isinstance(value, str) or not value:
        raise ConfigError(f'{path}: keys.{name} must be a key or several keys, such as "r" or "ctrl+r,f5"')
    return value


def _refresh(value: object, path: Path) -> float | None:
    if value is None:
        return None
    try:
        seconds = parse_duration(str(value))
    except ValueError as error:
        raise ConfigError(f"{path}: refresh: {error}") from error
    return max(0.1, seconds)


def _text(found: Mapping[str, object], name: str, path: Path) -> str:
    value = found.get(name, "")
    if not isinstance(value, str):
        raise ConfigError(f"{path}: {name} must be text")
    return value


def _table(found: Mapping[str, object], name: str, path: Path) -> dict[str, object]:
    value = found.get(name, {})
    if not isinstance(value, dict):
        raise ConfigError(f"{path}: [{name}] must be a table")
    return value


def _refuse_unknown(found: Mapping[str, object], known: set[str], where: str) -> None:
    unknown = sorted(set(found) - known)
    if unknown:
        raise ConfigError(
            f"{where}: {unknown[0]} is not a known key: expected one of {', '.join(sorted(known))}"
        )
