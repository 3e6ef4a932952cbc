"""Runs simulations in memory, where there is a folder that is."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.simulation.world import Difference, World

if TYPE_CHECKING:
    from tests.simulation.rare import Rare

MEMORY = Path("/dev/shm")  # noqa: S108 - a folder of ours in it


def simulate(seed: int, folder: Path, template: Path, rare: Rare | None = None) -> World:
    """Run one; at a difference, run it again and compare everything at each step, to tell the first."""
    world = world_of(seed, folder, template, rare=rare)
    try:
        world.run()
    except Difference:
        world_of(seed, folder, template, all_every=1).run()
        raise
    return world


def world_of(seed: int, folder: Path, template: Path, **given: Any) -> World:  # noqa: ANN401 - as a world takes it
    """Make one, whose flushes cost nothing or are left out."""
    is_in_memory = folder.is_relative_to(MEMORY)
    return World(seed, folder, template, durability="full" if is_in_memory else "normal", **given)
