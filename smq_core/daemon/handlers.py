"""Finds the handler of a topic: patterns, and what `package.module:function` names. It runs no handler."""

from __future__ import annotations

import importlib
import inspect
import traceback
from typing import TYPE_CHECKING

from smq_core.errors import InvalidMessage, SmqError
from smq_core.serving import covers, is_pattern
from smq_core.validation import check_topic

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from smq_core.daemon.protocol import HandlerSpec

__all__ = ["HandlerError", "Routes", "check_pattern", "load"]


class HandlerError(SmqError):
    """A handler that cannot be found, imported or called; said before anything is leased."""


def check_pattern(text: str) -> str:
    """Answer a topic or a pattern of topics (`mail.*`) if it is legal.

    Raises:
        InvalidMessage: when what is left without its `*` is no topic.
    """
    if not text:
        raise InvalidMessage("the topic is empty: name one, or a pattern such as mail.*")
    check_topic(text.replace("*", "x"))
    return text


class Routes:
    """Which handler a topic gets.

    The one that names it, else the pattern with the most letters of its own.
    """

    def __init__(self, specs: Sequence[HandlerSpec]) -> None:
        """Order the patterns once."""
        self.specs = tuple(specs)
        self._has_limits = any(spec.limit for spec in specs)
        self._exact = {spec.pattern: spec for spec in specs if not is_pattern(spec.pattern)}
        self._patterns = sorted(
            (spec for spec in specs if is_pattern(spec.pattern)), key=lambda spec: -len(spec.pattern)
        )
        self._found: dict[str, HandlerSpec | None] = {}

    @property
    def has_patterns(self) -> bool:
        """Say whether topics that do not exist yet may get a handler."""
        return bool(self._patterns)

    @property
    def has_limits(self) -> bool:
        """Say whether any topic may run only so many messages at once."""
        return self._has_limits

    @property
    def exact_topics(self) -> list[str]:
        """Answer the topics that are named."""
        return list(self._exact)

    def find(self, topic: str) -> HandlerSpec | None:
        """Answer the handler of a topic; None when it has none."""
        try:
            return self._found[topic]
        except KeyError:
            found = self._exact.get(topic) or next(
                (spec for spec in self._patterns if covers(spec.pattern, topic)), None
            )
            self._found[topic] = found
            return found

    def topics(self, existing: Iterable[str]) -> list[str]:
        """Answer the topics to lease from.

        Those that are named, and those of `existing` that a pattern takes.
        """
        matched = (topic for topic in existing if self.find(topic) is not None) if self._patterns else ()
        return list(dict.fromkeys([*self._exact, *matched]))


def load(target: str) -> Callable[..., object]:
    """Import what `package.module:function` names.

    Raises:
        HandlerError: saying what is wrong with it, with the traceback when the module itself fails.
    """
    module_name, _, path = target.partition(":")
    if not module_name or not path:
        raise HandlerError(f"handler {target!r}: expected package.module:function")
    try:
        found: object = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        raise HandlerError(
            f"handler {target!r}: {error}; modules are looked for where smq-daemon starts, and in PYTHONPATH"
        ) from error
    except (
        Exception
    ) as error:  # the user's module runs here and may raise anything; it is reported and ends the process
        raise HandlerError(
            f"handler {target!r}: importing {module_name} failed:\n{traceback.format_exc(limit=-5)}"
        ) from error
    for name in path.split("."):
        try:
            found = getattr(found, name)
        except AttributeError as error:
            raise HandlerError(f"handler {target!r}: {module_name} has no {path}") from error
    if not callable(found):
        raise HandlerError(f"handler {target!r}: {path} is a {type(found).__name__}, not a function")
    _check_takes_one(target, found)
    return found


def _check_takes_one(target: str, function: Callable[..., object]) -> None:
    try:
        signature = inspect.signature(function)
    except ValueError:  # some callables written in C tell nothing
        return
    try:
        signature.bind(object())
    except TypeError as error:
        raise HandlerError(f"handler {target!r} is called with one argument, the message: {error}") from error
