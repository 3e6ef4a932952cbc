"""Makes every operation of a screen, and lists which action each of them is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smq_tui.screens.operations.copy_action import CopyAction
from smq_tui.screens.operations.daemon_actions import DaemonActions
from smq_tui.screens.operations.edit_actions import EditActions
from smq_tui.screens.operations.file_actions import FileActions
from smq_tui.screens.operations.message_actions import MessageActions
from smq_tui.screens.operations.targeting import Targeting
from smq_tui.screens.operations.topic_actions import TopicActions
from smq_tui.screens.operations.undo import UndoHistory
from smq_tui.screens.operations.whole_message import WholeMessage

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from textual.dom import DOMNode

    from smq_tui.screens.host import ViewHost
    from smq_tui.screens.operations.long_action import LongAction
    from smq_tui.widgets.message_line import MessageLine

__all__ = ["operation_actions"]


def operation_actions(
    host: ViewHost, message_line: MessageLine, long_action: LongAction, owner: DOMNode
) -> Mapping[str, Callable[[], object]]:
    """Return what the operations do, by the ids of the actions.

    They announce in the line `message_line`; `owner` has the threads that they start.
    """
    history = UndoHistory(host, message_line, long_action)
    targeting = Targeting(host, history, long_action)
    whole_message = WholeMessage(host, history)
    return {
        **history.actions,
        **MessageActions(host, targeting, history, long_action).actions,
        **TopicActions(host, targeting, history, long_action).actions,
        **EditActions(host, whole_message, history).actions,
        **CopyAction(host, whole_message, owner).actions,
        **FileActions(host, targeting, history).actions,
        **DaemonActions(host, history).actions,
    }
