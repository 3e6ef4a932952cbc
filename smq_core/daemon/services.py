"""Creates what runs in threads alongside the supervisor's loop, as configured. It starts nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smq_core.daemon.configuration.config import ConfigError, handler_specs
from smq_core.daemon.configuration.reload_watch import CodeWatch
from smq_core.daemon.inbox.inbox import Inbox, InboxRules
from smq_core.daemon.inbox.inbox_folder import InboxFolder
from smq_core.daemon.maintenance.alert_commands import Alerts
from smq_core.daemon.maintenance.janitor import Janitor
from smq_core.daemon.maintenance.maintenance_thread import MaintenanceThread
from smq_core.daemon.system.file_health import DatabaseFile
from smq_core.store import open_store

if TYPE_CHECKING:
    from smq_core.daemon.assembly import Components
    from smq_core.daemon.configuration.config import DaemonConfig
    from smq_core.daemon.configuration.live_config import LiveConfig
    from smq_core.daemon.reporting.metrics import MetricsServer
    from smq_core.daemon.supervisor.loop import Supervisor

__all__ = ["add_services"]


def add_services(
    live_config: LiveConfig, config_path: str | None, components: Components, supervisor: Supervisor
) -> None:
    """Make maintenance, inbox, metrics and the watch over code, and let them be told of a new configuration.

    Raises:
        ConfigError: when the inbox cannot be made, the port is taken, or an extra is missing.
    """
    config = live_config.config
    file = DatabaseFile(components.store.location.address)
    name = components.store.location.name
    alerts = Alerts(config.alert, name, components.clock, components.journal, components.children)
    live_config.tell(lambda changed: alerts.use(changed.alert))
    janitor = Janitor(components.store, file, components.clock, components.journal)
    maintenance = MaintenanceThread(
        components.store, file, janitor, alerts=alerts, clock=components.clock, journal=components.journal
    )
    supervisor.lease_while(lambda: maintenance.is_file_here)
    components.threads.add(maintenance)
    if config.inbox:
        inbox = _inbox(config, config.inbox, components)
        live_config.tell(lambda changed: inbox.follow(_rules(changed)))
        components.threads.add(inbox)
    if config.metrics_port is not None:
        components.threads.add(_metrics(config.metrics_port, components, supervisor))
    if config.reload:
        watch = CodeWatch(handler_specs(config), live_config.folder, config_path, components.journal)
        live_config.tell(lambda changed: watch.use(handler_specs(changed), live_config.folder))
        components.threads.add(watch)


def _inbox(config: DaemonConfig, path: str, components: Components) -> Inbox:
    try:
        folder = InboxFolder(path)
    except OSError as error:
        raise ConfigError(f"inbox {path}: {error.strerror}") from error
    # a store of its own: an import may wait for the database longer than the loop does
    store = open_store(components.store.location, may_create=False, clock=components.clock)
    return Inbox(folder, store, components.clock, components.journal, _rules(config))


def _rules(config: DaemonConfig) -> InboxRules:
    return InboxRules(config.inbox_topic, float(config.inbox_rest), int(config.inbox_limit))


def _metrics(port: int, components: Components, supervisor: Supervisor) -> MetricsServer:
    try:
        from smq_core.daemon.reporting.metrics import DaemonCollector, MetricsServer  # noqa: PLC0415 - an extra that need not be there
    except ModuleNotFoundError as error:
        raise ConfigError("metrics need an extra package: pip install 'simple-local-mq[metrics]'") from error
    collector = DaemonCollector(
        components.store,
        components.pool,
        components.counts,
        clock=components.clock,
        crashes=lambda: components.heartbeat.crashes,
        conditions=components.threads.conditions,
        is_lost=lambda: components.outage.is_lost,
    )
    try:
        server = MetricsServer(
            port,
            collector,
            clock=components.clock,
            journal=components.journal,
            last_turn=lambda: supervisor.last_turn,
            is_ready=lambda: supervisor.is_ready,
        )
    except OSError as error:
        raise ConfigError(f"metrics port {port}: {error.strerror}") from error
    components.journal.info("metrics", f"metrics on http://127.0.0.1:{server.port}/metrics", port=server.port)
    return server
