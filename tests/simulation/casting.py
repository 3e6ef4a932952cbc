"""Who acts in which simulation: most have few messages, which meet one another often; some have crowds."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tests.simulation.actors.applications import Consumer, LateHolder, Producer
from tests.simulation.actors.crowds import MANY, Crowd
from tests.simulation.actors.daemons import Daemon
from tests.simulation.actors.operators import Janitor, Operator

if TYPE_CHECKING:
    from tests.simulation.actor import Actor
    from tests.simulation.world import World

CROWDED_EVERY = 12
COMPANY = (Producer, Producer, Consumer, Consumer, Daemon, Daemon, Operator, Operator, Janitor, LateHolder)
CROWDED = (Crowd, Crowd, Crowd, Consumer, Daemon, Operator, Operator, Janitor, LateHolder)


class Cast(NamedTuple):
    """What a simulation is made of."""

    room: int
    """Messages beyond which nobody adds any."""
    length: int
    """Transactions until it ends."""
    actors: list[Actor]


def cast(world: World) -> Cast:
    """Choose by the seed alone, so that it is the same again."""
    is_crowded = world.seed % CROWDED_EVERY == 1
    kinds = CROWDED if is_crowded else COMPANY
    actors: list[Actor] = [kind(world, f"{kind.__name__.lower()}{n}") for n, kind in enumerate(kinds)]
    return Cast(2 * MANY, 600, actors) if is_crowded else Cast(40, 2_000, actors)
