"""Everything an operator can do, as data: ids, keys, labels, danger, sentences.

Bindings, key bar, help, palette and docs are made of it.

Lowercase looks, UPPERCASE changes. Nothing here acts.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Final

__all__ = ["ACTIONS", "ACTS", "VIEWS", "ActionSpec", "Danger", "Group", "action", "danger_of"]

ACTS: Final = ("requeue", "delete", "bury")
"""What acts on messages, each in the states that it is for."""
_MANY: Final = 100
"""Number of messages from which it has to be typed."""


class Danger(enum.IntEnum):
    """How much can go wrong."""

    NONE = 0
    """Nothing changes, or one message that undo brings back: done immediately."""
    ASK = 1
    """A dialog that `y` confirms; the key that opened it and Enter do not."""
    TYPE = 2
    """The number of messages has to be typed."""


class Group(enum.StrEnum):
    """Under which heading help shows an action."""

    SCREENS = "Screens"
    LOOK = "Look"
    CHANGE = "Change (UPPERCASE changes)"
    PROGRAM = "Program"


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionSpec:
    """One thing an operator can do."""

    id: str
    keys: str
    label: str
    """For the key bar: a word or two."""
    sentence: str
    """For help, tooltips and the palette."""
    group: Group = Group.LOOK
    is_change: bool = False
    """True when it writes to the database: read-only mode and the lock keep it from acting."""
    is_undoable: bool = False
    past: str = ""
    """What was done to messages, for reports: `requeued`."""

    @property
    def first_key(self) -> str:
        """The key that is shown."""
        return self.keys.split(",", maxsplit=1)[0]


def danger_of(verb: str, count: int, *, is_selection: bool, live: int) -> Danger:
    """Return how an action has to be confirmed: by its blast radius, not by its name alone."""
    if count >= _MANY or (is_selection and count > 1):
        return Danger.TYPE
    if count == 1 and verb == "requeue" and not live:
        return Danger.NONE
    return Danger.ASK


def action(action_id: str) -> ActionSpec:
    """Return an action by its id."""
    return _BY_ID[action_id]


def _look(action_id: str, keys: str, label: str, sentence: str, group: Group = Group.LOOK) -> ActionSpec:
    return ActionSpec(id=action_id, keys=keys, label=label, sentence=sentence, group=group)


def _change(
    action_id: str, keys: str, label: str, sentence: str, *, past: str = "", is_undoable: bool = False
) -> ActionSpec:
    return ActionSpec(
        id=action_id,
        keys=keys,
        label=label,
        sentence=sentence,
        group=Group.CHANGE,
        is_change=True,
        past=past,
        is_undoable=is_undoable,
    )


VIEWS: Final = ("topics", "messages", "leases", "dead", "workers", "activity")
"""The names of the views, which are the ids of the actions that lead to them."""
_SCREENS: Final = Group.SCREENS
_PROGRAM: Final = Group.PROGRAM

ACTIONS: Final[tuple[ActionSpec, ...]] = (
    _look("topics", "1", "Topics", "Go to the topics: depth, throughput, problems first", _SCREENS),
    _look("messages", "2", "Messages", "Go to the messages, by state", _SCREENS),
    _look("leases", "3", "Leases", "Go to the running messages, stuck ones first", _SCREENS),
    _look("dead", "4", "Dead", "Go to the dead letters, grouped by error", _SCREENS),
    _look("workers", "5", "Workers", "Go to the daemons: state, load, heartbeat", _SCREENS),
    _look("activity", "6", "Activity", "Go to the operators' actions, to undo them", _SCREENS),
    _look("next_pane", "tab", "Next pane", "Switch between the list and the details", _SCREENS),
    _look(
        "back",
        "escape",
        "Back",
        "Cancel, close, unmark, clear the filter, or go back",
        _SCREENS,
    ),
    _look("leave", "q", "Leave", "Go back, as Esc does; quit at the top level", _SCREENS),
    _look("details", "d", "Details", "Show or hide the details of this row"),
    _look("filter", "slash,f4", "Filter", "Filter this list; Esc clears"),
    _look("jump", "colon", "Jump", "Go anywhere: :orders, :dead orders error~timeout"),
    _look("previous_tab", "left_square_bracket", "Previous state", "Show the messages in the previous state"),
    _look("next_tab", "right_square_bracket", "Next state", "Show the messages in the next state"),
    _look("sort", "o", "Sort", "Reverse the order, then restore the default order"),
    _look("sort_before", "less_than_sign,f6", "Sort by previous", "Sort by the previous column"),
    _look("sort_next", "greater_than_sign", "Sort by next", "Sort by the next column"),
    _look("columns", "c", "Columns", "Choose the columns of this list"),
    _look("mark_all", "asterisk", "Mark all", "Select all matching messages, including those not loaded"),
    _look("next_hit", "n", "Next hit", "Go to the next match, in the list or in the details"),
    _look("previous_hit", "N", "Previous hit", "Go to the previous match"),
    _look("freeze", "f", "Freeze", "Pause or resume refreshing"),
    _look("slower", "minus", "Slower", "Refresh less often"),
    _look("faster", "plus,equals_sign", "Faster", "Refresh more often"),
    _look("refresh", "ctrl+r,f5", "Refresh", "Refresh everything now"),
    _look("wrap", "w", "Wrap", "Wrap or cut long lines in the details"),
    _look("payload_view", "t", "Payload as", "Show the payload formatted, raw, or in hexadecimal"),
    _look("chart", "m", "Chart", "Chart throughput and depth: 1 hour, 7 days, off"),
    _look("pane_size", "underscore", "Pane size", "Give the details half, all, or none of the space"),
    _look("copy", "y", "Copy", "Copy the id, the payload, or the row (as JSON or SQL)"),
    _look("export", "x", "Export", "Export the marked messages, or all matches, to JSONL"),
    _change("requeue", "R", "Requeue", "Make messages ready again", past="requeued", is_undoable=True),
    _change(
        "delete", "D", "Delete", "Move messages to the trash for 24 hours", past="deleted", is_undoable=True
    ),
    _change("bury", "K", "Bury", "Move messages to the dead letters", past="buried", is_undoable=True),
    _change("pause", "P", "Pause", "Pause or resume leasing from a topic", past="paused", is_undoable=True),
    _change("purge", "X", "Purge", "Permanently delete a topic's messages in this state", past="purged"),
    _change(
        "edit",
        "e",
        "Edit",
        "Edit the payload, headers, priority or key of a message",
        past="edited",
        is_undoable=True,
    ),
    _change("add", "a", "Add", "Add a message", past="added"),
    _change("import", "I", "Import", "Import a JSONL file, with a dry run first", past="imported"),
    _change("undo", "z", "Undo", "Undo the last action", past="undone"),
    _change("quiet_worker", "Q", "Quiet", "Make a daemon take no new messages, or resume it"),
    _change("stop_worker", "T", "Stop", "Stop a daemon; running messages get a grace period"),
    _look("lock", "exclamation_mark", "Lock", "Lock or unlock all changes in this session", _PROGRAM),
    _look("database", "b", "Database", "Switch to another configured database", _PROGRAM),
    _look("theme", "ctrl+t", "Theme", "Choose the colour theme", _PROGRAM),
    _look("help", "question_mark,f1", "Help", "Show all keys and the screens they belong to", _PROGRAM),
    _look("suspend", "ctrl+z", "Suspend", "Go to the shell; fg returns here", _PROGRAM),
    _look("quit", "ctrl+q", "Quit", "Leave", _PROGRAM),
)
"""In the order in which help shows them."""

_BY_ID: Final = {spec.id: spec for spec in ACTIONS}
