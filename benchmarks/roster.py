"""Who is measured: smq, the bare loops, and the peers with what each needs to be installed."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

from benchmarks.environments import InstallError, environment

__all__ = ["BARE", "C_LOOP", "OURS", "OURS_JSON", "PEERS", "Entrant", "Peer", "installed"]


@dataclass(frozen=True)
class Entrant:
    """One that is measured."""

    name: str
    adapter: str
    python: Path = Path(sys.executable)
    version: str = ""
    note: str = ""
    lacks: str = ""
    """The mode that it does not offer."""


@dataclass(frozen=True)
class Peer:
    """One of the peers."""

    name: str
    adapter: str
    requirements: tuple[str, ...]
    least_python: tuple[int, int] = (3, 11)
    note: str = ""
    lacks: str = ""


OURS = Entrant("smq", "ours:Ours")
OURS_JSON = Entrant("smq", "ours:OursJson")
BARE = Entrant("bare loop, Python", "bare:Bare", note="no counters, no receipts")
C_LOOP = Entrant("bare loop, C", "c_loop", note="no counters, no receipts")

PEERS = (
    Peer("litequeue", "litequeue_queue:LiteQueue", ("litequeue==0.14",), (3, 12)),
    Peer(
        "persist-queue",
        "persist_queue:AckQueue",
        ("persist-queue==1.1.0",),
        note="not safe between processes",
    ),
    Peer(
        "huey", "huey_queue:SqliteHuey", ("huey==3.5.4",), note="deletes on reading: a crash loses the task"
    ),
    Peer(
        "simplebroker", "simplebroker_queue:SimpleBroker", ("simplebroker==8.7.2",), note="move, then delete"
    ),
    Peer("honker", "honker_queue:Honker", ("honker==0.5.0",), lacks="full"),
    Peer("localqueue", "localqueue_queue:LocalQueue", ("localqueue==1.4.1",)),
    Peer("cairnq", "cairnq_queue:CairnQ", ("cairnq==0.15.1",), lacks="normal"),
    Peer(
        "django-tasks-db",
        "django_tasks:DjangoTasks",
        ("django-tasks-db==0.13.0",),
        (3, 12),
        "measured with its worker",
    ),
)


def installed(names: set[str]) -> tuple[list[Entrant], dict[str, str]]:
    """Install the peers that are asked for; answers them, and why the others are missing."""
    entrants, missing = [], {}
    for peer in PEERS:
        if peer.name not in names:
            continue
        try:
            python = environment(peer.name, peer.requirements, peer.least_python)
        except InstallError as error:
            missing[peer.name] = str(error)
        else:
            version = peer.requirements[0].partition("==")[2]
            entrants.append(Entrant(peer.name, peer.adapter, python, version, peer.note, peer.lacks))
    return entrants, missing
