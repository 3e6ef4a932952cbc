"""The daemon's configuration.

A TOML file checked key by key, flags laid over it, and the handlers that result. It starts nothing.
"""

from __future__ import annotations

import os
import re
import shlex
from pathlib import Path
from typing import Final, Literal

import msgspec

from smq_core.daemon.configuration.routing import check_pattern
from smq_core.daemon.wire.protocol import HandlerSpec
from smq_core.errors import InvalidMessage, SmqError
from smq_core.format import parse_duration
from smq_core.validation import LONGEST_DURATION_S, LONGEST_LEASE_MS

__all__ = [
    "MOST_THREADS",
    "AlertTable",
    "ByteCount",
    "ConfigError",
    "DaemonConfig",
    "HandlerTable",
    "Seconds",
    "arguments",
    "check",
    "handler_specs",
    "read_config",
]

_SIZES: Final = {
    "": 1,
    "b": 1,
    "kib": 2**10,
    "mib": 2**20,
    "gib": 2**30,
    "kb": 10**3,
    "mb": 10**6,
    "gb": 10**9,
}


class ConfigError(SmqError):
    """A configuration that cannot be used; the sentence names the key and what was expected."""

    exit_code = 2


class Seconds(float):
    """A length of time: a number of seconds, or text such as `1m30s`."""

    __slots__ = ()


class ByteCount(int):
    """A size: a number of bytes, or text such as `512MiB`."""

    __slots__ = ()


class HandlerTable(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """One `[[handler]]`."""

    topic: str
    """A topic, or a pattern such as `mail.*`."""
    run: str | None = None
    """`package.module:function`."""
    command: str | list[str] | None = None
    """A command and its arguments, run without a shell."""
    timeout: Seconds = Seconds(3600)
    """How long a handler may run; 0: forever."""
    kill_after: Seconds = Seconds(5)
    """How long after its timeout a handler that does not end is killed with its process."""
    limit: int = 0
    """How many of the topic's messages this daemon handles at once; 0: as many as it has threads."""


class AlertTable(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """One `[[alert]]`: conditions, any of which is enough, and the command that is told."""

    name: str
    topic: str = "*"
    """The topics that are looked at: one, or a pattern."""
    oldest_over: Seconds | None = None
    """The message that has been waiting longest is older, and nothing of its topic is running."""
    dead_over: int | None = None
    ready_over: int | None = None
    no_worker: bool = False
    """A topic has messages that no running daemon takes."""
    wal_over: ByteCount | None = None
    disk_over: float | None = None
    """The part of the database's disk that is full, between 0 and 1."""
    command: str | list[str]
    """Told once when it begins and once when it ends, by JSON on its standard input."""


class DaemonConfig(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Everything that a configuration file may say."""

    db: str | None = None
    processes: int = 1
    threads: int = 4
    lease: Seconds | None = None
    """How long a lease lasts unless renewed; unset: by each topic's policy."""
    grace: Seconds = Seconds(25)
    """How long running handlers may take to end when the daemon stops."""
    memory_limit: ByteCount = ByteCount(0)
    """Bytes of address space that a worker process may have; 0: no limit."""
    folder: str | None = None
    """Where handlers are imported from, and where they and commands run; unset: where the daemon starts."""
    import_timeout: Seconds = Seconds(60)
    """How long a worker process may take to import its handlers; 0: forever."""
    max_crashes: int = 3
    """Crashes of its worker process after which a message is dead, as poison."""
    db_patience: Seconds = Seconds(300)
    """How long the daemon goes on without its database."""
    inbox: str | None = None
    """A folder whose .jsonl and .jsonl.gz files are imported."""
    inbox_topic: str = "default"
    """The topic of lines that name none."""
    inbox_rest: Seconds = Seconds(1)
    """How long a file has to be unchanged before it is taken."""
    inbox_limit: ByteCount = ByteCount(16 * 2**30)
    """Bytes that a dropped file may hold, unpacked; 0: any number."""
    reload: bool = False
    metrics_port: int | None = None
    log_format: Literal["text", "json"] = "text"
    verbose: bool = False
    handler: list[HandlerTable] = []
    alert: list[AlertTable] = []


def read_config(path: str | os.PathLike[str]) -> DaemonConfig:
    """Read and check a configuration file.

    Raises:
        ConfigError: when it cannot be read, or a key is unknown or has an unfit value.
    """
    try:
        text = Path(path).read_bytes()
    except OSError as error:
        raise ConfigError(f"cannot read {os.fspath(path)}: {error.strerror}") from error
    try:
        config = msgspec.toml.decode(text, type=DaemonConfig, dec_hook=_decode_special)
    except msgspec.ValidationError as error:
        raise ConfigError(f"{os.fspath(path)}: {_reworded(str(error))}") from error
    except (msgspec.DecodeError, ValueError) as error:
        raise ConfigError(f"{os.fspath(path)} is not valid TOML: {error}") from error
    return check(config, os.fspath(path))


def check(config: DaemonConfig, source: str) -> DaemonConfig:
    """Return a configuration whose values fit together.

    Raises:
        ConfigError: otherwise, naming the key.
    """
    for name, least in (("processes", 1), ("threads", 1), ("max_crashes", 1)):
        if getattr(config, name) < least:
            raise ConfigError(f"{source}: {name} is {getattr(config, name)}: expected {least} or more")
    if config.processes * config.threads > MOST_THREADS:
        raise ConfigError(f"{source}: processes times threads is over {MOST_THREADS}: use fewer")
    if config.processes > _MOST_PROCESSES:
        raise ConfigError(f"{source}: processes is {config.processes}: expected {_MOST_PROCESSES} or fewer")
    if config.lease is not None and not 1 <= config.lease <= LONGEST_LEASE_MS / 1000:
        raise ConfigError(f"{source}: lease is {config.lease:g} s: expected between 1 s and 24 h")
    if config.metrics_port is not None and not 0 <= config.metrics_port <= _LAST_PORT:
        raise ConfigError(
            f"{source}: metrics_port is {config.metrics_port}: expected a port number up to {_LAST_PORT}"
        )
    handler_specs(config, source)
    for index, alert in enumerate(config.alert):
        _check_alert(alert, f"{source}: alert[{index}]")
        if any(other.name == alert.name for other in config.alert[:index]):
            raise ConfigError(f"{source}: alert[{index}]: the alert {alert.name} is already defined")
    return config


MOST_THREADS: Final = 700
_MOST_PROCESSES: Final = 200
_LAST_PORT: Final = 65_535


def handler_specs(config: DaemonConfig, source: str = "configuration") -> list[HandlerSpec]:
    """Return the handlers in the form that worker processes are told.

    Raises:
        ConfigError: when a topic's name is illegal or it has two handlers, or a handler has not exactly one
            of `run` and `command`.
    """
    specs: list[HandlerSpec] = []
    for index, table in enumerate(config.handler):
        where = f"{source}: handler[{index}]"
        if (table.run is None) == (table.command is None):
            raise ConfigError(f"{where} ({table.topic}): expected either run or command")
        if table.limit < 0:
            raise ConfigError(f"{where} ({table.topic}): limit must not be negative")
        if table.run is not None and not table.run.isprintable():
            raise ConfigError(f"{where}.run: expected package.module:function")
        try:
            check_pattern(table.topic)
        except InvalidMessage as error:
            raise ConfigError(f"{where}.topic: {error}") from error
        if any(spec.pattern == table.topic for spec in specs):
            raise ConfigError(f"{where}: {table.topic} already has a handler")
        command = None if table.command is None else tuple(arguments(table.command, f"{where}.command"))
        specs.append(
            HandlerSpec(
                table.topic, table.run, command, float(table.timeout), float(table.kill_after), table.limit
            )
        )
    return specs


def arguments(command: str | list[str], where: str) -> list[str]:
    """Split a command as a shell would, without giving it to one.

    Raises:
        ConfigError: when it is empty, or its quotes do not match.
    """
    try:
        words = shlex.split(command) if isinstance(command, str) else list(command)
    except ValueError as error:
        raise ConfigError(f"{where}: {error} in {command!r}") from error
    if not words or not all(_is_argument(word) for word in words):
        raise ConfigError(f"{where}: expected a command and its arguments, in UTF-8 and without NUL")
    return words


def _is_argument(word: str) -> bool:
    # bytes that are no UTF-8 came as halves of surrogate pairs, which no frame to a worker process takes
    return "\0" not in word and not any("\ud800" <= character <= "\udfff" for character in word)


def _check_alert(alert: AlertTable, where: str) -> None:
    arguments(alert.command, f"{where}.command")
    conditions = (alert.oldest_over, alert.dead_over, alert.ready_over, alert.wal_over, alert.disk_over)
    if not alert.no_worker and all(one is None for one in conditions):
        names = "oldest_over, dead_over, ready_over, no_worker, wal_over, disk_over"
        raise ConfigError(f"{where} ({alert.name}): expected one of {names}")
    if alert.disk_over is not None and not 0 < alert.disk_over < 1:
        raise ConfigError(f"{where}.disk_over is {alert.disk_over:g}: expected a fraction, such as 0.95")


def _decode_special(kind: type, value: object) -> object:
    if kind is Seconds:
        if isinstance(value, str):
            return Seconds(parse_duration(value))
        if (
            isinstance(value, int | float)
            and not isinstance(value, bool)
            and 0 <= value <= LONGEST_DURATION_S
        ):
            return Seconds(value)
        raise ValueError("expected a number of seconds, or text such as 30s or 1m30s")
    if kind is ByteCount:
        return ByteCount(_byte_count(value))
    raise NotImplementedError(kind)


def _byte_count(value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    match = re.fullmatch(r"(\d+)\s*([A-Za-z]*)", value.strip()) if isinstance(value, str) else None
    if match is None or match[2].lower() not in _SIZES:
        raise ValueError("expected a number of bytes, or text such as 64MiB")
    return int(match[1]) * _SIZES[match[2].lower()]


def _reworded(message: str) -> str:
    """Turn the validator's `… - at `$.handler[0].limit`` into a sentence that begins with the key."""
    text, _, place = message.partition(" - at ")
    key = place.strip("`").removeprefix("$").removeprefix(".")
    unknown = re.fullmatch(r"Object contains unknown field `(.+)`", text)
    if unknown is not None:
        return f"unknown key {f'{key}.' if key else ''}{unknown[1]}"
    missing = re.fullmatch(r"Object missing required field `(.+)`", text)
    if missing is not None:
        return f"{key or 'the file'} has no {missing[1]}"
    return f"{key}: {text[:1].lower()}{text[1:]}" if key else text
