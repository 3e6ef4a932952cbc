"""Which topics are leased from next, and how many of each: turns between topics, limits within them. Pure."""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Sequence

    from smq_core.daemon.configuration.routing import Routes

__all__ = ["Ask", "TopicRotation"]


class Ask(NamedTuple):
    """One call to the store."""

    topics: list[str]
    limit: int


class TopicRotation:
    """Lets each topic be first in turn, so that none starves behind a longer one."""

    def __init__(self, routes: Routes) -> None:
        """Know the handlers, which have the limits."""
        self._routes = routes
        self.last_first = ""
        """The topic that was first the last time: the one behind it, by name, is first the next time."""

    def next(self, topics: Sequence[str], room: int, running: Counter[str]) -> list[Ask]:
        """Return what to ask the store for, at most `room` messages in all.

        Other topics may be there each time: those that have something to do. Limited topics come one by one.
        """
        if not topics or room <= 0:
            return []
        in_order = sorted(topics)
        first = bisect_right(in_order, self.last_first) % len(in_order)
        self.last_first = in_order[first]
        asks: list[Ask] = []
        for topic in [*in_order[first:], *in_order[:first]]:
            spec = self._routes.find(topic)
            if spec is None:
                continue
            if spec.limit:
                allowed = spec.limit - running[topic]
                if allowed > 0:
                    asks.append(Ask([topic], min(allowed, room)))
            elif asks and not self._is_limited(asks[-1].topics[0]):
                asks[-1].topics.append(topic)
            else:
                asks.append(Ask([topic], room))
        return asks

    def has_room(self, topic: str, running: Counter[str]) -> bool:
        """Return whether a topic may run more messages than it does."""
        spec = self._routes.find(topic)
        return spec is not None and (not spec.limit or running[topic] < spec.limit)

    def _is_limited(self, topic: str) -> bool:
        spec = self._routes.find(topic)
        return spec is not None and bool(spec.limit)
