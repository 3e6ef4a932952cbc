"""How a run is to be: rounds, sizes, who takes part."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from benchmarks.roster import Entrant

__all__ = ["Plan"]


@dataclass(frozen=True)
class Plan:
    """One run."""

    rounds: int
    scale: float
    """Messages as a multiple of what a full run has."""
    core: int
    limits: tuple[Entrant, ...]
    """The bare loops that could be built."""
    peers: tuple[Entrant, ...]
    missing: dict[str, str] = field(default_factory=dict)
    """Peers that could not be installed, and why."""

    @property
    def in_words(self) -> str:
        """Return how many rounds there were."""
        return "one round" if self.rounds == 1 else f"{self.rounds} rounds"

    def scaled(self, count: int) -> int:
        """Return a number of messages as this run has it."""
        return max(20, round(count * self.scale))

    @staticmethod
    def tell(text: str) -> None:
        """Describe how far the run is."""
        print(f"  {text}", file=sys.stderr, flush=True)
