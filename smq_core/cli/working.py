"""`smq workers`: the daemons that there are, and what is asked of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from smq_core.cli import output
from smq_core.cli.options import database, inspector, json_option
from smq_core.cli.worker_fields import death_fields, worker_fields
from smq_core.clock import SystemClock
from smq_core.errors import SmqError
from smq_core.format import age, count, rate, size
from smq_core.serving import is_lost, served_topics

if TYPE_CHECKING:
    from smq_core.inspector import Inspector
    from smq_core.message import DaemonDeath, WorkerInfo

__all__ = ["workers_"]


@click.command
@click.argument("command", type=click.Choice(["quiet", "resume", "stop"]), required=False)
@click.argument("worker", metavar="[ID]", required=False)
@database
@json_option
@click.pass_context
def workers_(
    ctx: click.Context, *, command: str | None, worker: str | None, location: str | None, as_json: bool
) -> None:
    """List the daemons, or tell one to go quiet, resume or stop.

    A quiet daemon leases nothing more. A daemon that was killed or crashed is listed for 24 hours.
    """
    del location
    if command is not None:
        if worker is None:
            raise click.UsageError(f"specify the daemon to {command}; `smq workers` lists them", ctx)
        if not inspector(ctx).command_worker(worker, command):
            raise SmqError(_why_not_told(inspector(ctx), worker))
        output.say_done(f"{command} requested; {worker} will act on it at its next heartbeat")
        return
    view = inspector(ctx, read_only=True)
    workers = view.workers()
    living = {one.id for one in workers}
    dead = [one for one in view.daemon_deaths() if one.id not in living]
    now = SystemClock().now_ms() / 1000
    if as_json:
        output.say_json([*(worker_fields(one) for one in workers), *(death_fields(one, now) for one in dead)])
    elif workers or dead:
        titles = ["id", "state", "heartbeat", "topics", "running", "rate", "processed", "failed", "memory"]
        output.table(
            titles,
            [*map(_row, workers), *(_death_row(one, now) for one in dead)],
            right="heartbeat running rate processed failed memory",
        )
    if not (workers or as_json):
        output.note("no daemon is running: start one with `smq-daemon`")


def _why_not_told(view: Inspector, worker: str) -> str:
    if worker in {death.id for death in view.daemon_deaths()}:
        return f"daemon {worker} has died and can no longer receive commands"
    return f"no daemon named {worker}: `smq workers` lists the daemons"


def _row(worker: WorkerInfo) -> list[str]:
    state = f"{worker.state}, asked to {worker.command}" if worker.command else worker.state
    detail = worker.detail
    return [
        worker.id,
        "lost" if is_lost(worker) else state,
        age(worker.heartbeat_age_s),
        ", ".join(served_topics(worker)) or "-",
        count(len(_list(detail.get("running")))),
        rate(_number(detail.get("rate"))),
        count(int(_number(detail.get("processed")))),
        count(int(_number(detail.get("failed")))),
        size(int(_number(detail.get("memory")))),
    ]


def _death_row(death: DaemonDeath, now: float) -> list[str]:
    state = f"died, {count(death.returned)} returned" if death.returned else "died"
    return [death.id, state, age(now - death.since), ", ".join(death.topics) or "-", *["-"] * 5]


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _number(value: object) -> float:
    return value if isinstance(value, int | float) else 0.0
