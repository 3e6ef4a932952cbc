"""The interface for operators: inspects a queue and repairs it.

Times are seconds since the epoch, durations seconds. Every action is recorded, says truthfully what it did,
and can be undone but for purge and drop.

browse   topics, messages, errors, daemons and activity, read
operate  actions on messages, and their undo
topics   policies, pauses, drops, and commands to daemons
opened   how the inspector is opened and closed, and who acts
ids      which ids a message or an operation can have
"""

from __future__ import annotations

from smq_core.inspector.browse import ReadOperations
from smq_core.inspector.operate import MessageOperations
from smq_core.inspector.topics import TopicOperations

__all__ = ["Inspector", "MessageOperations", "ReadOperations", "TopicOperations"]


class Inspector(ReadOperations, MessageOperations, TopicOperations):
    """A view of a queue, with operations that repair it; `read_only` prevents all writes."""
