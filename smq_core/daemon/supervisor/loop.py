"""The daemon's main loop: it feeds worker processes, watches over them, and ends in good order.

It waits in one place, for sockets, signals, writes to the database and timers, and calls its parts; what they
decide is theirs.
"""

from __future__ import annotations

import faulthandler
import selectors
import signal
from typing import TYPE_CHECKING, Final

from smq_core.daemon.configuration.routing import Routes
from smq_core.daemon.processes.process import WorkerProcess
from smq_core.daemon.processes.spawn import with_output
from smq_core.daemon.supervisor.crashes import Crashes
from smq_core.daemon.supervisor.dead_daemons import DeadDaemons
from smq_core.daemon.supervisor.schedule import Schedule
from smq_core.daemon.supervisor.shutdown import Shutdown
from smq_core.daemon.supervisor.signals import Signals
from smq_core.daemon.supervisor.store_watch import StoreWatch
from smq_core.daemon.system.systemd import notify
from smq_core.daemon.wire.protocol import (
    Extend,
    FromProcess,
    Handled,
    ImportFailed,
    Importing,
    Ready,
    Returned,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from smq_core.daemon.assembly import Components
    from smq_core.daemon.configuration.live_config import LiveConfig
    from smq_core.daemon.processes.process import Program

__all__ = ["LAST_WRITE_S", "LONGEST_WAIT_S", "Supervisor"]

LONGEST_WAIT_S: Final = 1.0
LAST_WRITE_S: Final = 2.0
"""How long to try to write the last outcomes once all processes have ended."""


class Supervisor:
    """Runs one daemon."""

    def __init__(
        self,
        components: Components,
        live_config: LiveConfig,
        *,
        is_burst: bool = False,
        earlier_signals: Sequence[int] = (),
    ) -> None:
        """Run a daemon's parts as they are configured; a burst ends when nothing is left to do.

        `earlier_signals` holds what arrived before `run`, and may grow until then.
        """
        self._components = components
        self._live_config = live_config
        self._is_burst = is_burst
        self._schedule = Schedule(components)
        self._database = self._schedule.database
        self._crashes = Crashes(components, hear=self._take, pause=self._schedule.pause)
        self._watch = StoreWatch(components.store, components.selector, components.clock)
        self._signals = Signals(earlier_signals)
        self._shutdown: Shutdown | None = None
        self._serving: Program | None = None
        """The newest program that could be imported."""
        self._exit_code = 0
        self.last_turn = components.clock.monotonic()
        """When the loop last turned."""
        self._may_lease: Callable[[], bool] = lambda: True

    @property
    def is_ready(self) -> bool:
        """Return whether messages are being taken."""
        return self._serving is not None and self._shutdown is None and not self._components.outage.is_lost

    def lease_while(self, condition: Callable[[], bool]) -> None:
        """Lease messages only while the condition holds, which is asked in each turn."""
        self._may_lease = condition

    def run(self) -> int:
        """Work until it is asked to stop; return the exit code."""
        components = self._components
        with self._signals:
            components.selector.register(self._signals.fileno(), selectors.EVENT_READ, self._signals)
            self._database.attempt(self._schedule.look_for_dead_daemons)
            components.pool.fill()
            if not components.pool.program.handlers:
                self._serve(components.pool.program)
            while not self._is_over():
                self._turn()
            components.selector.unregister(self._signals.fileno())
        self._database.attempt(lambda: components.store.remove_worker(components.worker_id))
        self._watch.close()
        components.children.tell_strays(components.journal)
        counts = components.counts
        components.journal.info(
            "stopped",
            f"stopped after {counts.processed.total()} processed, {counts.failed.total()} failed",
        )
        return self._exit_code

    def _turn(self) -> None:
        """Wait for something, and act on it."""
        components = self._components
        for key, mask in components.selector.select(self._wait_s()):
            self._act(key.data, mask)
        self.last_turn = now = components.clock.monotonic()
        if self._may_lease():
            components.dispatcher.resume()
        else:
            components.dispatcher.suspend()
        if self._database.attempt(lambda: self._look_again(now)) and components.dispatcher.is_due(now):
            self._database.attempt(self._step)
        self._schedule.run(now)
        if self._watch.is_muted and not components.outage.is_lost:
            self._watch.unmute()
            components.dispatcher.wake()
        components.pool.fill()
        if components.outage.is_over:
            self._give_up()
        if self._schedule.stop_was_asked:
            self._stop()
        if self._shutdown is None and self._is_burst and self._serving and self._schedule.is_drained():
            self._stop()
        components.pool.finish_drained()

    def _wait_s(self) -> float:
        components, now = self._components, self._components.clock.monotonic()
        waits = [LONGEST_WAIT_S, self._schedule.due_in(now)]
        if components.outage.is_lost:
            waits.append(components.outage.wait_s())
        elif components.dispatcher.is_due(now):
            return 0.0
        else:
            waits += [
                one for one in (components.dispatcher.due_in(now), self._watch.due_in(now)) if one is not None
            ]
        if (restart := components.pool.restart_due_in(now)) is not None:
            waits.append(restart)
        if self._shutdown is not None:
            waits.append(max(0.0, self._shutdown.next_at() - now))
        return min(waits)

    def _act(self, source: object, mask: int) -> None:
        if isinstance(source, WorkerProcess):
            self._hear(source, mask)
        elif source is self._watch:
            if not self._database.attempt(self._notice):
                self._watch.mute()
        elif source is self._signals:
            for number in self._signals.take():
                self._obey_signal(number)
        elif isinstance(source, DeadDaemons):
            source.unwatch_dead()
            self._database.attempt(self._schedule.look_for_dead_daemons)

    def _notice(self) -> None:
        if self._watch.notice():
            self._components.dispatcher.wake()
            self._schedule.greet(self._components.clock.monotonic())

    def _look_again(self, now: float) -> None:
        dispatcher = self._components.dispatcher
        if self._watch.look_again(now):
            dispatcher.wake()
            self._schedule.greet(now)
        dispatcher.notice_time(self._components.clock.now_ms())

    def _step(self) -> None:
        self._components.dispatcher.step()
        if not self._components.dispatcher.is_worth_a_look:
            # our own commit gave a notice too: take it now, it says nothing
            self._notice()
        self._components.pool.watch_blocked()

    def _hear(self, process: WorkerProcess, mask: int) -> None:
        if process not in self._components.pool.processes:
            # its end was told in the same turn, and all that it said was read then
            return
        if mask & selectors.EVENT_WRITE:
            process.flush()
        if mask & selectors.EVENT_READ:
            for message in process.read():
                self._take(process, message)
            if process.has_hung_up:
                self._components.pool.deafen(process)
        self._components.pool.watch_blocked()

    def _take(self, process: WorkerProcess, message: FromProcess) -> None:
        components = self._components
        if isinstance(message, Handled):
            components.dispatcher.take_outcomes(process, message)
        elif isinstance(message, Returned):
            components.dispatcher.take_back(process, message.tags)
        elif isinstance(message, Ready):
            self._take_ready(process)
        elif isinstance(message, Importing):
            process.note_importing(message.target)
        elif isinstance(message, ImportFailed):
            process.refuse(message.error, components.clock.monotonic())
        elif isinstance(message, Extend):
            self._schedule.extend(process, message)

    def _take_ready(self, process: WorkerProcess) -> None:
        process.note_ready()
        self._components.journal.end("handler_not_importable", "importing the handlers works again")
        if process.program is self._components.pool.program and self._serving is not process.program:
            self._serve(process.program)
        self._components.dispatcher.wake()

    def _serve(self, program: Program) -> None:
        """Take messages for a program whose handlers could be imported."""
        components = self._components
        is_first = self._serving is None
        self._serving = program
        self._live_config.take()
        routes = Routes(program.handlers)
        self._schedule.route(routes)
        components.dispatcher.use(routes)
        components.pool.retire_old()
        if is_first:
            notify("READY=1")
        components.journal.info(
            "ready" if is_first else "reloaded", f"{components.worker_id} serves {_names(program)}"
        )

    def _obey_signal(self, number: int) -> None:
        if number == signal.SIGCHLD:
            self._take_exits()
            self._components.children.reap()
        elif number in {signal.SIGTERM, signal.SIGINT}:
            if self._shutdown is None:
                self._stop()
            else:
                self._shutdown.hurry(self._components.clock.monotonic())
        elif number == signal.SIGHUP:
            self._start_reload()
        elif number == signal.SIGQUIT:
            faulthandler.dump_traceback(all_threads=True)
            for process in self._components.pool.processes:
                process.kill(signal.SIGQUIT)

    def _take_exits(self) -> None:
        pool = self._components.pool
        is_ours = self._shutdown is not None and self._shutdown.has_killed
        for process in self._crashes.take(is_ours=is_ours):
            if process.refusal and process.program is pool.program and self._shutdown is None:
                self._take_refusal(with_output(process.refusal, process.last_lines()))

    def _take_refusal(self, why: str) -> None:
        components = self._components
        if self._serving is None:
            components.pool.refuse(why)
            components.journal.error("handler_not_importable", why)
            self._exit_code = 1
            self._stop()
        elif self._serving is not components.pool.program:
            components.pool.keep_old(self._serving)
            components.journal.error("reload_refused", f"keeping the old handlers: {why}")
        else:
            components.journal.begin(
                "handler_not_importable",
                f"a worker process that died could not be replaced; retrying: {why}",
                level="error",
            )

    def _start_reload(self) -> None:
        if self._shutdown is None and (program := self._live_config.next_program()) is not None:
            self._components.journal.info(
                "reloading", f"starting worker processes with the code in {program.folder}"
            )
            self._components.pool.replace(program)
            if not program.handlers:
                self._serve(program)

    def _stop(self) -> None:
        if self._shutdown is None:
            components = self._components
            notify("STOPPING=1")
            self._schedule.stop()
            grace_s, now = float(self._live_config.config.grace), components.clock.monotonic()
            self._shutdown = Shutdown(
                components.pool, components.dispatcher, components.journal, grace_s, now
            )

    def _give_up(self) -> None:
        if self._exit_code == 0:
            self._components.journal.error(
                "giving_up", "the database did not recover in time: the leases will expire"
            )
            self._exit_code = 1
            self._stop()

    def _is_over(self) -> bool:
        if self._shutdown is None:
            return False
        now = self._components.clock.monotonic()
        if not self._shutdown.advance(now):
            return False
        if not len(self._components.pending):
            return True
        if now < self._shutdown.ended_at + LAST_WRITE_S:
            return False
        self._components.journal.error(
            "outcomes_lost", "the last outcomes could not be written: their messages will run again"
        )
        self._exit_code = 1
        return True


def _names(program: Program) -> str:
    return ", ".join(spec.pattern for spec in program.handlers) or "no topics"
