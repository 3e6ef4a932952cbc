"""The values of the core that pass through the dashboard, named in one place.

Everything else takes them from here.

Frozen values only: whatever reads or writes a queue is the gateway's.
"""

from __future__ import annotations

import smq_core
import smq_core.transfer

__all__ = [
    "ActivityEntry",
    "Attempt",
    "Clock",
    "DaemonDeath",
    "ErrorKind",
    "Exported",
    "Filter",
    "ImportReport",
    "ImportStatus",
    "Location",
    "Message",
    "Outcome",
    "Payload",
    "Seen",
    "Selection",
    "SmqError",
    "State",
    "SystemClock",
    "TopicSample",
    "TopicStats",
    "WorkerInfo",
    "parse_location",
]

ActivityEntry = smq_core.ActivityEntry
Attempt = smq_core.Attempt
Clock = smq_core.Clock
DaemonDeath = smq_core.DaemonDeath
ErrorKind = smq_core.ErrorKind
Exported = smq_core.transfer.Exported
Filter = smq_core.Filter
ImportReport = smq_core.transfer.ImportReport
ImportStatus = smq_core.transfer.ImportStatus
Location = smq_core.Location
Message = smq_core.Message
Outcome = smq_core.Outcome
Payload = smq_core.Payload
Seen = smq_core.Seen
Selection = smq_core.Selection
SmqError = smq_core.SmqError
State = smq_core.State
SystemClock = smq_core.SystemClock
TopicSample = smq_core.TopicSample
TopicStats = smq_core.TopicStats
WorkerInfo = smq_core.WorkerInfo
parse_location = smq_core.parse_location
