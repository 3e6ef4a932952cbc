"""A daemon with everything of the supervisor's that is real, and worker processes that are not."""

from __future__ import annotations

import contextlib
import io
import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Final

from smq_core.daemon.assembly import Components, connect
from smq_core.daemon.configuration.config import DaemonConfig, HandlerTable, Seconds
from smq_core.daemon.configuration.live_config import LiveConfig, program_of
from smq_core.daemon.configuration.working_folder import WorkingFolder
from smq_core.daemon.liveness.presence import Presence
from smq_core.daemon.liveness.workers_file_layout import RecordHeader
from smq_core.daemon.log import Journal
from smq_core.daemon.processes.children import Children
from smq_core.daemon.processes.pool import ProcessPool
from smq_core.daemon.supervisor.loop import Supervisor
from smq_core.daemon.system.process_identity import machine_id
from smq_core.store import open_store
from tests.simulation.supervised.between import StoreBetween
from tests.simulation.supervised.child import SimulatedChild
from tests.simulation.supervised.selector import SimulatedSelector

if TYPE_CHECKING:
    from smq_core.daemon.processes.process import WorkerProcess
    from smq_core.daemon.wire.protocol import HandlerSpec
    from tests.simulation.supervised.child import Run
    from tests.simulation.supervised.world import SupervisedWorld

LEASE_S: Final = 2.0
NO_SUCH_PID: Final = 2**22 - 1
STEADY_S: Final = 0.3
"""How long after its last turn a daemon still turns regularly."""


class _Nowhere(io.StringIO):
    """A log that nobody reads."""

    def write(self, text: str) -> int:
        """Forget it."""
        return len(text)


class _NoChildren(Children):
    """Processes of the system, of which there are none: what ends is not the simulation's."""

    def reap(self) -> None:
        """Take nobody's exit status."""


class SimulatedDaemon:
    """One daemon on the simulation's file."""

    def __init__(self, world: SupervisedWorld, number: int) -> None:
        self.world = world
        self.is_frozen = False
        self.is_steady = False
        """It turned, without a fault, and since then the wall clock was not set."""
        self.turned_at = float("-inf")
        self.regular_since = 0.0
        self.children: list[SimulatedChild] = []
        self._real_store = open_store(world.path, durability="normal", clock=world.clock)
        self.store = StoreBetween(self._real_store, self)
        self.selector = SimulatedSelector()
        self.components = self._assemble(f"sim:{number}")
        program, journal = self.components.pool.program, self.components.journal
        live_config = LiveConfig(self._config, lambda: self._config, self._home, program, journal)
        self.supervisor = Supervisor(self.components, live_config)
        self.components.pool.fill()

    def _assemble(self, worker_id: str) -> Components:
        world, store = self.world, self.store
        self._home = WorkingFolder(Path(world.path).parent)
        self._config = DaemonConfig(
            processes=2,
            threads=2,
            lease=Seconds(LEASE_S),
            grace=Seconds(2),
            max_crashes=2,
            db_patience=Seconds(1e9),
            handler=[
                HandlerTable(topic="a", run="m:h", timeout=Seconds(4), kill_after=Seconds(2)),
                HandlerTable(topic="b", run="m:h", timeout=Seconds(0)),
            ],
        )
        journal = Journal(world.clock, stream=_Nowhere())
        header = RecordHeader(worker_id, NO_SUCH_PID, machine_id())
        presence = Presence(world.path + "-workers", None, header, journal)
        program = program_of(self._config, 0, self._home)
        pool = ProcessPool(
            program,
            presence=presence,
            spawn=self._spawn,
            selector=self.selector,
            clock=world.clock,
            journal=journal,
        )
        return connect(
            self._config,
            pool,
            presence,
            store=store,  # type: ignore[arg-type]  # it has all of a store that is used
            clock=world.clock,
            journal=journal,
            selector=self.selector,
            children=_NoChildren(),
            random=world.random,
        )

    def spec_of(self, topic: str) -> HandlerSpec:
        """Return the handler of a topic."""
        return next(spec for spec in self.components.pool.program.handlers if spec.pattern == topic)

    @property
    def workers_file(self) -> int:
        """The descriptor of the file that slots are in."""
        return self.components.presence.file.map_fd

    @property
    def runs(self) -> list[Run]:
        """Every handler of it that is at work."""
        return [run for child in self.children for run in child.runs]

    @property
    def turns_regularly(self) -> bool:
        """Return whether no lease of it has an excuse to end."""
        return self.is_steady and self.world.clock.monotonic() - self.turned_at <= STEADY_S

    def process_of(self, child: SimulatedChild) -> WorkerProcess | None:
        """Return the supervisor's view of a worker process."""
        return next((one for one in self.components.pool.processes if one.channel is child), None)

    def turn(self) -> bool:
        """Let its loop turn once; say whether it has ended."""
        # from its beginning: whatever comes between may take long
        began_at = self.world.clock.monotonic()
        if not self.turns_regularly:
            self.regular_since = began_at
        self.is_steady = True
        if any(one.poll() is not None for one in self.components.pool.processes) and not self.world.chance(
            0.3
        ):
            self.supervisor._obey_signal(signal.SIGCHLD)
        self.supervisor._turn()
        self.turned_at = began_at
        self.is_steady &= not self.components.outage.is_lost
        self.children = [one for one in self.children if one.code is None]
        return self.supervisor._is_over()

    def reload(self) -> None:
        """Have new worker processes take the place of the old ones."""
        self.supervisor._start_reload()

    def stop(self) -> None:
        """Tell it to end in good order."""
        self.supervisor._stop()

    def close(self) -> None:
        """End in good order, as what runs a supervisor does."""
        self.supervisor._watch.close()
        self._real_store.remove_worker(self.components.worker_id)
        self.components.close()
        self._forget()

    def vanish(self) -> None:
        """Die as a whole, by SIGKILL: its worker processes end with it, its record stays as it is."""
        for child in self.children:
            child.die(-signal.SIGKILL)
        self.supervisor._watch.close()
        self.components.dead_daemons.close()
        for process in self.components.pool.processes:
            process.close()
        self.components.presence.file.close()
        self._forget()

    def _spawn(self, _folder: str) -> SimulatedChild:
        child = SimulatedChild(self, self.world.random)
        self.children.append(child)
        return child

    def _forget(self) -> None:
        self._real_store.close()
        signals = self.supervisor._signals
        for end in (signals._read_end, signals._write_end):
            with contextlib.suppress(OSError):
                os.close(end)
