"""How daemons are written as JSON. Pure.

What another program left in a daemon's row has the types that docs/json.md promises all the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from smq_core.json_fields import fields_of, time_fields
from smq_core.serving import served_topics

if TYPE_CHECKING:
    from collections.abc import Iterator

    from smq_core.message import DaemonDeath, Json, WorkerInfo

__all__ = ["death_fields", "worker_fields"]


def worker_fields(worker: WorkerInfo) -> dict[str, object]:
    """Return the fields of a daemon: those of its row, and what it told of itself at its last heartbeat."""
    fields, detail = fields_of(worker), worker.detail
    del fields["detail"]
    return {
        **fields,
        "topics": list(served_topics(worker)),
        "threads": _integer(detail.get("threads")),
        "processes": [
            {
                "pid": _integer(one.get("pid")),
                "in_flight": _integer(one.get("in_flight")),
                "memory_bytes": _integer(one.get("memory")),
            }
            for one in _objects(detail.get("processes"))
        ],
        "running": [_running_fields(one) for one in _objects(detail.get("running"))],
        "processed": _integer(detail.get("processed")),
        "failed": _integer(detail.get("failed")),
        "handled_per_s": _number(detail.get("rate")),
        "memory_bytes": _integer(detail.get("memory")),
        "crashes": _integer(detail.get("crashes")),
        "condition": _text(detail.get("condition")),
    }


def death_fields(death: DaemonDeath, now: float) -> dict[str, object]:
    """Return the fields of a daemon that died: those that a living one has too have the same names."""
    return {
        "id": death.id,
        "state": "died",
        **time_fields("died_at", death.since),
        **time_fields("noticed_at", death.at),
        **time_fields("heartbeat_at", death.heard_at),
        "heartbeat_age_s": None if death.heard_at is None else max(0.0, now - death.heard_at),
        "returned": death.returned,
        "topics": list(death.topics),
    }


def _running_fields(running: dict[str, Json]) -> dict[str, object]:
    since_ms = running.get("since")
    return {
        "id": _integer(running.get("id")),
        "topic": _text(running.get("topic")),
        "pid": _integer(running.get("pid")),
        **time_fields("since", _number(since_ms) / 1000 if isinstance(since_ms, int | float) else None),
    }


def _objects(value: Json) -> Iterator[dict[str, Json]]:
    yield from (one for one in value if isinstance(one, dict)) if isinstance(value, list) else ()


def _integer(value: Json) -> int:
    return int(_number(value))


def _number(value: Json) -> float:
    return float(value) if isinstance(value, int | float) else 0.0


def _text(value: Json) -> str:
    return value if isinstance(value, str) else ""
