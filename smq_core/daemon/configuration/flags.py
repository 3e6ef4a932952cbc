"""Flags of the command line laid over a configuration file. It reads neither."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from smq_core.daemon.configuration.config import ConfigError, DaemonConfig, HandlerTable, Seconds, check
from smq_core.format import parse_duration

__all__ = ["Flags", "overlay"]


class Flags(msgspec.Struct, frozen=True, kw_only=True):
    """What was said on the command line."""

    db: str | None = None
    handlers: tuple[str, ...] = ()
    """`TOPIC=package.module:function`."""
    commands: tuple[str, ...] = ()
    """`TOPIC=command args`."""
    lease: str | None = None
    others: Mapping[str, object] = {}
    """Values by the names of `DaemonConfig`; None: not said."""


def overlay(config: DaemonConfig, flags: Flags) -> DaemonConfig:
    """Lay flags over a configuration: a handler takes the place of the file's for its topic.

    Raises:
        ConfigError: when a flag is unfit, or what results has nothing to do.
    """
    tables = [_handler_table("--handler", text) for text in flags.handlers]
    tables += [_handler_table("--exec", text) for text in flags.commands]
    named = {table.topic for table in tables}
    changes: dict[str, object] = {name: value for name, value in flags.others.items() if value is not None}
    changes["handler"] = [*(table for table in config.handler if table.topic not in named), *tables]
    changes["db"] = flags.db or config.db
    if flags.lease is not None:
        try:
            changes["lease"] = Seconds(parse_duration(flags.lease))
        except ValueError as error:
            raise ConfigError(f"--lease: {error}") from error
    overlaid = msgspec.structs.replace(config, **changes)
    if not overlaid.handler and not overlaid.inbox:
        raise ConfigError(
            "nothing to do: give a --handler, an --exec, an --inbox, or a --config that has one"
        )
    return check(overlaid, "command line" if named else "configuration")


def _handler_table(flag: str, text: str) -> HandlerTable:
    topic, separator, what = text.partition("=")
    if not separator or not what:
        raise ConfigError(f"{flag} {text!r}: expected TOPIC=…")
    return (
        HandlerTable(topic=topic, run=what)
        if flag == "--handler"
        else HandlerTable(topic=topic, command=what)
    )
