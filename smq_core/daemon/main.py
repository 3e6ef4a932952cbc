"""The command line of smq-daemon.

Reads flags and configuration, runs the daemon, and turns errors into sentences and exit codes.
"""

from __future__ import annotations

import os
import random
import sys
import threading
from typing import TYPE_CHECKING, Final, NamedTuple

try:
    import click

    from smq_core.daemon.assembly import assemble
    from smq_core.daemon.configuration.config import DaemonConfig, read_config
    from smq_core.daemon.configuration.flags import Flags, overlay
    from smq_core.daemon.configuration.live_config import LiveConfig, program_of
    from smq_core.daemon.configuration.working_folder import WorkingFolder, started_in
    from smq_core.daemon.library_log import written_to
    from smq_core.daemon.log import Journal
    from smq_core.daemon.preflight import findings
    from smq_core.daemon.processes.children import adopt_orphans
    from smq_core.daemon.services import add_services
    from smq_core.daemon.supervisor.loop import Supervisor
    from smq_core.daemon.supervisor.signals import has_stop, leave_to_system
    from smq_core.daemon.threads import report_ended
except ModuleNotFoundError as error:
    if (error.name or "").startswith("smq_core"):
        raise
    sys.exit(f"smq-daemon needs {error.name}: pip install 'simple-local-mq[daemon]'")

from smq_core.clock import SystemClock
from smq_core.errors import SmqError
from smq_core.program import run_program
from smq_core.safe_text import cell
from smq_core.store import open_store

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["STORE_TIMEOUT_S", "ConfigSource", "command", "main"]

STORE_TIMEOUT_S: Final = 1.0
"""The loop waits no longer for the database in one go: it has processes to watch."""


class ConfigSource(NamedTuple):
    """Where the configuration comes from."""

    working_folder: WorkingFolder
    path: str | None
    """The file's; None: there is none."""
    read: Callable[[], DaemonConfig]
    """Reads it as it is now, with the flags laid over it."""


@click.command(
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="""\b
Examples:
  smq-daemon --handler mail=shop.handlers:send_mail
  smq-daemon --exec thumbnails='convert - -resize 200 out.png' --threads 2
  smq-daemon --config smq.toml --check""",
)
@click.option(
    "--db",
    metavar="PATH",
    help="Database file (default: $SIMPLE_MQ_DB, or queue.sqlite3 in the current directory).",
)
@click.option(
    "--handler",
    "handlers",
    multiple=True,
    metavar="TOPIC=MODULE:FUNCTION",
    help="Python function that handles the messages of a topic.",
)
@click.option(
    "--exec",
    "commands",
    multiple=True,
    metavar="TOPIC='COMMAND ARGS'",
    help="Command to run for each message of a topic.",
)
@click.option(
    "--config",
    "config_path",
    type=click.Path(dir_okay=False),
    metavar="FILE",
    help="TOML file; flags override it.",
)
@click.option(
    "--check", "is_check", is_flag=True, help="Check configuration, handlers, database and disk, then exit."
)
@click.option("--processes", type=int, help="Number of worker processes [default: 1].")
@click.option("--threads", type=int, help="Number of handler threads in each process [default: 4].")
@click.option("--lease", metavar="DURATION", help="How long a lease lasts unless it is renewed, such as 60s.")
@click.option(
    "--inbox",
    type=click.Path(file_okay=False),
    metavar="FOLDER",
    help="Folder whose JSONL files are imported.",
)
@click.option(
    "--folder",
    metavar="FOLDER",
    help="Folder that handlers are imported from and run in (default: the current directory).",
)
@click.option(
    "--reload",
    is_flag=True,
    default=None,
    help="Restart worker processes when code or configuration changes.",
)
@click.option(
    "--burst", "is_burst", is_flag=True, help="Exit when nothing is ready, running, or due within 60 s."
)
@click.option("--metrics-port", type=int, help="Serve Prometheus metrics on this loopback port.")
@click.option(
    "--log-format", type=click.Choice(["text", "json"]), help="Format of log lines [default: text]."
)
@click.option("--verbose", is_flag=True, default=None, help="Also log debug messages.")
@click.version_option(package_name="simple-local-mq", prog_name="smq-daemon")
@click.pass_obj
def command(
    arrived: Sequence[int] | None,
    /,
    db: str | None,
    handlers: tuple[str, ...],
    commands: tuple[str, ...],
    config_path: str | None,
    *,
    is_check: bool,
    is_burst: bool,
    lease: str | None,
    **others: object,
) -> None:
    """Run handlers for the messages of a queue until asked to stop.

    SIGTERM and SIGINT let running handlers finish; SIGHUP reloads code and configuration.
    """
    flags = Flags(db=db, handlers=handlers, commands=commands, lease=lease, others=others)
    try:
        working_folder = started_in(os.environ)
        path = None if config_path is None else working_folder.path(config_path)
        source = ConfigSource(
            working_folder,
            path,
            lambda: overlay(DaemonConfig() if path is None else read_config(path), flags),
        )
        if is_check:
            if arrived is not None:
                leave_to_system(arrived)
            sys.exit(_check(source))
        sys.exit(_run(source, () if arrived is None else arrived, is_burst=is_burst))
    except SmqError as error:
        click.echo(f"smq-daemon: {error}", err=True)
        sys.exit(error.exit_code)


def main(arrived: Sequence[int] | None = None) -> None:
    """Run smq-daemon; `arrived` has the signals that its caller hears for it, and grows as they come."""
    run_program("smq-daemon", lambda: command(obj=arrived))


def _run(source: ConfigSource, arrived: Sequence[int], *, is_burst: bool) -> int:
    config = source.read()
    journal = Journal(SystemClock(), form=config.log_format, is_verbose=config.verbose)
    if has_stop(arrived):
        journal.info("stopped", "stopped during startup")
        return 0
    with written_to(journal):
        return _work(source, config, journal, arrived, is_burst=is_burst)


def _work(
    source: ConfigSource, config: DaemonConfig, journal: Journal, arrived: Sequence[int], *, is_burst: bool
) -> int:
    clock = SystemClock()
    program = program_of(config, 0, source.working_folder)
    store = open_store(config.db, timeout=STORE_TIMEOUT_S, clock=clock)
    if not store.location.exists():
        journal.info("creating", f"no queue exists yet: creating {store.location.name}")
    threading.excepthook = report_ended(journal)
    components = assemble(config, program, store, clock, random=random.SystemRandom(), journal=journal)
    live_config = LiveConfig(config, source.read, source.working_folder, program, journal)
    live_config.tell(components.take)
    adopt_orphans()
    try:
        supervisor = Supervisor(components, live_config, is_burst=is_burst, earlier_signals=arrived)
        add_services(live_config, source.path, components, supervisor)
        # whatever was named from here has its whole name by now
        live_config.enter()
        try:
            components.threads.start()
            return supervisor.run()
        finally:
            components.threads.stop()
    finally:
        components.close()
        store.close()


def _check(source: ConfigSource) -> int:
    config = source.read()
    program = program_of(config, 0, source.working_folder)
    store = open_store(config.db, timeout=STORE_TIMEOUT_S, may_create=False)
    is_bad = False
    for finding in findings(config, program, store):
        is_bad |= finding.is_bad
        click.echo(f"{'BAD ' if finding.is_bad else 'ok  '} {cell(finding.text)}")
    return 1 if is_bad else 0


if __name__ == "__main__":
    main()
