"""smq: a message queue in a single SQLite file. These are its public names; everything else may change.

Messages other than results and errors go to the logger `smq_core`, which prints nothing by itself.
"""

from __future__ import annotations

import logging

from smq_core.interpreter import refuse_subinterpreter as _refuse_subinterpreter

_refuse_subinterpreter()

from smq_core.clock import Clock, SystemClock
from smq_core.errors import (
    InvalidLine,
    InvalidMessage,
    LeaseLost,
    MessageNotFound,
    NotAQueue,
    NotDurable,
    OutcomeUnknown,
    SchemaTooNew,
    SmqError,
    StoreBusy,
    StoreCorrupt,
    StoreError,
    StoreUnavailable,
    UsageError,
)
from smq_core.handler import Bury, HandlerMessage, Retry
from smq_core.inspector import Inspector
from smq_core.location import default_location
from smq_core.message import (
    ActivityEntry,
    Attempt,
    DaemonDeath,
    ErrorKind,
    Lease,
    Message,
    Missed,
    Outcome,
    Payload,
    Pruned,
    Seen,
    TopicSample,
    TopicStats,
    WorkerInfo,
)
from smq_core.policy import Backoff, TopicPolicy
from smq_core.queue import Queue
from smq_core.states import State
from smq_core.store import parse_location
from smq_core.store.location import Location
from smq_core.store.records import Filter, Selection
from smq_core.transaction import Transaction
from smq_core.waiter import Waiter

__all__ = [
    "ActivityEntry",
    "Attempt",
    "Backoff",
    "Bury",
    "Clock",
    "DaemonDeath",
    "ErrorKind",
    "Filter",
    "HandlerMessage",
    "Inspector",
    "InvalidLine",
    "InvalidMessage",
    "Lease",
    "LeaseLost",
    "Location",
    "Message",
    "MessageNotFound",
    "Missed",
    "NotAQueue",
    "NotDurable",
    "Outcome",
    "OutcomeUnknown",
    "Payload",
    "Pruned",
    "Queue",
    "Retry",
    "SchemaTooNew",
    "Seen",
    "Selection",
    "SmqError",
    "State",
    "StoreBusy",
    "StoreCorrupt",
    "StoreError",
    "StoreUnavailable",
    "SystemClock",
    "TopicPolicy",
    "TopicSample",
    "TopicStats",
    "Transaction",
    "UsageError",
    "Waiter",
    "WorkerInfo",
    "default_location",
    "parse_location",
]

logging.getLogger(__name__).addHandler(logging.NullHandler())
