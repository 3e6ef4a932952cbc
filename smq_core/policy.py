"""How a topic treats failures and finished messages: pure values and decisions."""

from __future__ import annotations

import re
from typing import Protocol

import msgspec

from smq_core.errors import InvalidMessage
from smq_core.format import duration, parse_duration

__all__ = ["Backoff", "RandomSource", "TopicPolicy", "is_exhausted", "stored_policy"]


_LARGEST_FACTOR = 1_000


class RandomSource(Protocol):
    """Where chance comes from: `random.Random` is one, a seeded one makes a run repeatable."""

    def random(self) -> float:
        """Return a float in [0, 1)."""
        ...

    def getrandbits(self, k: int, /) -> int:
        """Return a whole number of k random bits."""
        ...


class Backoff(msgspec.Struct, frozen=True):
    """How long a failed message waits, in seconds.

    The longest wait is `first` after the first failure, grows by `factor` with each further failure, and
    never exceeds `cap`; the actual wait is drawn at random up to it.
    """

    first: float = 2.0
    factor: float = 2.0
    cap: float = 3600.0

    def ceiling(self, failures: int) -> float:
        """Return the longest wait after a number of failures, in seconds."""
        if failures < 1:
            return 0.0
        try:
            return min(self.cap, self.first * self.factor ** (failures - 1))
        except OverflowError:
            return self.cap

    def delay(self, failures: int, jitter: float) -> float:
        """Return the wait after a number of failures, in seconds; `jitter` is drawn from [0, 1).

        Uses full jitter, so that messages that failed together are not retried together.

        See "Exponential backoff and jitter" in the AWS architecture blog.
        """
        return self.ceiling(failures) * jitter

    @classmethod
    def parse(cls, text: str) -> Backoff:
        """Parse the form that the command line uses, `2s:x2:1h`.

        Raises:
            InvalidMessage: when the form is wrong, the factor is not from 1 to 1,000, or the cap is below the
                first wait.
        """
        match = re.fullmatch(r"([^:]+):x(\d+(?:\.\d+)?):([^:]+)", text.strip())
        if match is None:
            raise InvalidMessage(
                f"back-off {text!r} does not have three parts, as in 2s:x2:1h (first wait, factor, cap)"
            )
        try:
            backoff = cls(parse_duration(match[1]), float(match[2]), parse_duration(match[3]))
        except ValueError as error:
            raise InvalidMessage(f"back-off {text!r}: {error}") from error
        if not 1 <= backoff.factor <= _LARGEST_FACTOR or not 0 <= backoff.first <= backoff.cap:
            raise InvalidMessage(
                f"back-off {text!r}: the factor must be from 1 to 1,000, and the cap not below the first wait"
            )
        return backoff

    @classmethod
    def parse_leniently(cls, text: str | None) -> Backoff:
        """Parse the stored form; a missing value, or one made invalid by hand, gives the default."""
        try:
            return cls.parse(text) if text else cls()
        except InvalidMessage:
            return cls()

    def __str__(self) -> str:
        """Write the form of the command line."""
        return f"{duration(self.first)}:x{self.factor:g}:{duration(self.cap)}"


class TopicPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """A topic's rules; a rule that it does not set has the default value."""

    max_attempts: int = 10
    """Counted attempts after which a failed message is dead."""
    visibility_timeout: float = 60.0
    """How long a lease lasts, in seconds, unless it is extended."""
    backoff: Backoff = Backoff()
    keep: float = 0.0
    """How long, in seconds, processed messages are kept as `done`; 0: they are removed."""


def stored_policy(
    max_attempts: int | None, visibility_ms: int | None, backoff: str | None, keep_ms: int | None
) -> TopicPolicy:
    """Return a policy from its stored form; None stands for a rule that the topic does not set."""
    defaults = TopicPolicy()
    return TopicPolicy(
        max_attempts=max_attempts or defaults.max_attempts,
        visibility_timeout=visibility_ms / 1000 if visibility_ms else defaults.visibility_timeout,
        backoff=Backoff.parse_leniently(backoff),
        keep=(keep_ms or 0) / 1000,
    )


def is_exhausted(attempts: int, max_attempts: int | None, policy: TopicPolicy) -> bool:
    """Return whether a message that just failed has no attempt left."""
    return attempts >= (policy.max_attempts if max_attempts is None else max_attempts)
