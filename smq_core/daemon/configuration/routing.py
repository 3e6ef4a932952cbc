"""Finds the handler of a topic, by name or by pattern. It imports and runs none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from smq_core.errors import InvalidMessage
from smq_core.serving import covers, is_pattern
from smq_core.validation import check_topic

if TYPE_CHECKING:
    from collections.abc import Sequence

    from smq_core.daemon.wire.protocol import HandlerSpec

__all__ = ["Routes", "check_pattern"]

_MOST_FOUND: Final = 10_000


def check_pattern(text: str) -> str:
    """Return a topic or a pattern of topics (`mail.*`) if it is legal.

    Raises:
        InvalidMessage: when what is left without its `*` is not a topic.
    """
    if not text:
        raise InvalidMessage("the topic name is empty: give one, or a pattern such as mail.*")
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
        """Return whether topics that do not exist yet may get a handler."""
        return bool(self._patterns)

    @property
    def has_limits(self) -> bool:
        """Return whether any topic has a limit on how many messages run at once."""
        return self._has_limits

    @property
    def exact_topics(self) -> list[str]:
        """Return the topics that are named."""
        return list(self._exact)

    def find(self, topic: str) -> HandlerSpec | None:
        """Return the handler of a topic; None when it has none."""
        try:
            return self._found[topic]
        except KeyError:
            found = self._exact.get(topic) or next(
                (spec for spec in self._patterns if covers(spec.pattern, topic)), None
            )
            if len(self._found) >= _MOST_FOUND:
                # of topics that come and go none is remembered forever
                self._found.clear()
            self._found[topic] = found
            return found
