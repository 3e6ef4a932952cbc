"""Lists which keys there are, from the bindings themselves: for the help, the key bar and the documentation.

Pure.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from textual.binding import Binding
from textual.keys import format_key

from smq_tui.keys.actions import ACTIONS
from smq_tui.widgets.keyed_table.table_bindings import TABLE_BINDINGS

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["KeyHelp", "action_bindings", "all_keys", "shown_key"]

_NAMES: Final = {
    "slash": "/",
    "colon": ":",
    "left_square_bracket": "[",
    "right_square_bracket": "]",
    "less_than_sign": "<",
    "greater_than_sign": ">",
    "asterisk": "*",
    "underscore": "_",
    "exclamation_mark": "!",
    "question_mark": "?",
    "minus": "-",
    "plus": "+",
    "equals_sign": "=",
    "escape": "Esc",
    "space": "Space",
    "enter": "Enter",
    "tab": "Tab",
    "pageup": "PgUp",
    "pagedown": "PgDn",
    "home": "Home",
    "end": "End",
    "up": "↑",
    "down": "↓",
    "left": "←",
    "right": "→",
}


class KeyHelp(NamedTuple):
    """One line of the help."""

    id: str
    keys: str
    label: str
    sentence: str
    group: str


def action_bindings() -> list[Binding]:
    """Make a binding for each action; every one has an id by which it can be remapped."""
    return [
        Binding(
            spec.keys,
            f"do('{spec.id}')",
            spec.label,
            show=False,
            tooltip=spec.sentence,
            id=spec.id,
        )
        for spec in ACTIONS
    ]


def all_keys(keymap: Mapping[str, str] | None = None) -> list[KeyHelp]:
    """List every key of lists and actions, with what the configuration says instead."""
    remapped = keymap or {}
    keys = [
        KeyHelp(
            spec.id, _shown(remapped.get(spec.id, spec.keys)), spec.label, spec.sentence, spec.group.value
        )
        for spec in ACTIONS
    ]
    for binding in TABLE_BINDINGS:
        if isinstance(binding, Binding) and binding.id is not None:
            shown = _shown(remapped.get(binding.id, binding.key))
            keys.append(KeyHelp(binding.id, shown, binding.description, binding.tooltip, "Lists"))
    palette = "Search all actions by name"
    return [*keys, KeyHelp("palette", "^P", "Palette", palette, "Program")]


def shown_key(key: str) -> str:
    """Write one key as people know it."""
    if "+" in key:
        modifier, _, rest = key.rpartition("+")
        prefix = {"ctrl": "^", "shift": "Shift+", "alt": "Alt+"}.get(modifier, f"{modifier}+")
        return prefix + (_NAMES.get(rest) or rest.upper() if modifier == "ctrl" else _NAMES.get(rest, rest))
    if key[0] == "f" and key[1:].isdigit():
        return key.upper()
    return _NAMES.get(key) or format_key(key)


def _shown(keys: str) -> str:
    return " ".join(shown_key(key) for key in keys.split(","))
