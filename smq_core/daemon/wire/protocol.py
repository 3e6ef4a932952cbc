"""What supervisor and worker process say to each other.

The values of their frames, and nothing about sockets.

Every delivery has a tag, a number that the supervisor gives to each lease and never again. Whatever is said
about a delivery names the tag, so that two leases of one message are never taken for each other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = [
    "Cancel",
    "Deliver",
    "Delivery",
    "Extend",
    "Failed",
    "Finish",
    "FromProcess",
    "FromSupervisor",
    "Handled",
    "HandlerSpec",
    "ImportFailed",
    "Importing",
    "Ping",
    "Printed",
    "ProcessSetup",
    "Ready",
    "Recall",
    "Returned",
    "Stopping",
    "decode_from_process",
    "decode_from_supervisor",
]


class HandlerSpec(msgspec.Struct, frozen=True, array_like=True):
    """One handler: which topics, and what runs."""

    pattern: str
    target: str | None = None
    """`package.module:function`."""
    command: tuple[str, ...] | None = None
    """Arguments of a command, run without a shell."""
    timeout_s: float = 0.0
    """0: none."""
    kill_after_s: float = 5.0
    """How long after the timeout the process is killed."""
    limit: int = 0
    """How many may run concurrently in the whole daemon; 0: as many as there are threads."""


class Delivery(msgspec.Struct, frozen=True, array_like=True):
    """A leased message on its way to a handler: the fields of `LeasedRow`, in its order, and the lease."""

    id: int
    topic: str
    body: object
    """`str` or `bytes`, which msgpack tells apart by itself; its decoder takes no such union."""
    kind: Literal["json", "text", "bytes", "auto"]
    headers: str | None
    priority: int
    key: str | None
    attempts: int
    deliveries: int
    max_attempts: int | None
    created_at: int
    available_at: int
    last_error: str | None
    is_suspect: int
    locked_until: int
    receipt: int
    tag: int

    @property
    def stored(self) -> str | bytes:
        """The payload as its row holds it."""
        return self.body if isinstance(self.body, str | bytes) else b""


class ProcessSetup(msgspec.Struct, frozen=True, array_like=True, tag="setup"):
    """The first frame: what to import and how many threads to run."""

    handlers: list[HandlerSpec]
    threads: int
    slots_at: int
    """Offset of this process's first slot in the -workers file."""
    memory_limit: int = 0
    """Bytes of address space; 0: as much as there is."""
    import_limit_s: float = 0.0
    """How long importing the handlers may take; 0: forever."""


class Deliver(msgspec.Struct, frozen=True, array_like=True, tag="deliver"):
    """Messages to be handled, in order."""

    messages: list[Delivery]


class Recall(msgspec.Struct, frozen=True, array_like=True, tag="recall"):
    """Give back at most `limit` deliveries that no handler has begun with."""

    limit: int


class Cancel(msgspec.Struct, frozen=True, array_like=True, tag="cancel"):
    """Interrupt the handlers of these deliveries."""

    tags: list[int]
    why: Literal["timeout", "stopped"]


class Ping(msgspec.Struct, frozen=True, array_like=True, tag="ping"):
    """Nothing: whether it is read is what its sender looks at."""


class Stopping(msgspec.Struct, frozen=True, array_like=True, tag="stopping"):
    """The daemon stops: tell the handlers."""


class Finish(msgspec.Struct, frozen=True, array_like=True, tag="finish"):
    """Nothing will come any more: end."""


class Importing(msgspec.Struct, frozen=True, array_like=True, tag="importing"):
    """The process begins to import a handler: should it die now, that is why."""

    target: str


class Ready(msgspec.Struct, frozen=True, array_like=True, tag="ready"):
    """All handlers were imported."""


class ImportFailed(msgspec.Struct, frozen=True, array_like=True, tag="refused"):
    """A handler cannot be imported; the process ends."""

    error: str


class Failed(msgspec.Struct, frozen=True, array_like=True):
    """A delivery that was not processed, and what becomes of its message."""

    tag: int
    verb: Literal["requeue", "bury", "release"]
    error: str
    delay_s: float | None = None


class Printed(msgspec.Struct, frozen=True, array_like=True):
    """A delivery that a command processed, and what it printed."""

    tag: int
    output: str


class Handled(msgspec.Struct, frozen=True, array_like=True, tag="handled"):
    """Deliveries that handlers are done with."""

    done: list[int]
    """Tags."""
    failed: list[Failed]
    busy_s: float = 0.0
    """How long their handlers ran, all together."""
    printed: list[Printed] = []
    """Done too."""


class Returned(msgspec.Struct, frozen=True, array_like=True, tag="returned"):
    """Deliveries given back unstarted."""

    tags: list[int]


class Extend(msgspec.Struct, frozen=True, array_like=True, tag="extend"):
    """A handler asks for more time."""

    tag: int
    visibility_s: float | None


FromSupervisor = ProcessSetup | Deliver | Recall | Cancel | Ping | Stopping | Finish
FromProcess = Importing | Ready | ImportFailed | Handled | Returned | Extend

decode_from_supervisor: Callable[[bytes], FromSupervisor] = msgspec.msgpack.Decoder(FromSupervisor).decode
decode_from_process: Callable[[bytes], FromProcess] = msgspec.msgpack.Decoder(FromProcess).decode
