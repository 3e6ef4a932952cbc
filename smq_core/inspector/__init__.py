"""The operator's side: look at everything, mend what is stuck.

Times are seconds since the epoch, durations seconds. Every action is recorded, says truthfully what it did,
and can be undone but for purge and drop.
"""

from __future__ import annotations

from smq_core.inspector.browse import Looking
from smq_core.inspector.operate import Mending
from smq_core.inspector.topics import Governing

__all__ = ["Governing", "Inspector", "Looking", "Mending"]


class Inspector(Looking, Mending, Governing):
    """A view of a queue and the means to mend it; `read_only` opens it so that nothing can be written."""
