"""The main screen: which method each action is, whether it may act now, and the key bar's clicks."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final

from textual import on

from smq_tui.dialogs.choice import Choice
from smq_tui.dialogs.columns import Columns
from smq_tui.dialogs.help import Help
from smq_tui.keys.actions import action
from smq_tui.keys.key_help import action_bindings, all_keys
from smq_tui.messages import ActionChosen, DatabaseChosen, QuitWanted
from smq_tui.screens.mending import Mending

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from textual.binding import BindingType

    from smq_tui.settings.session import Session
    from smq_tui.values import Clock

__all__ = ["MainScreen"]

_VIEWS: Final = ("topics", "messages", "leases", "dead", "workers", "activity")


class MainScreen(Mending):
    """All keys."""

    BINDINGS: ClassVar[list[BindingType]] = [*action_bindings()]

    def __init__(
        self,
        session: Session,
        clock: Clock,
        keys: Mapping[str, str],
        *,
        keymap: Mapping[str, str],
        databases: Sequence[tuple[str, str]],
    ) -> None:
        """Show a session; `keys` are shown, `keymap` is what the configuration remaps.

        `databases` are what `b` offers: the key and the label of each.
        """
        super().__init__(session, clock, keys)
        self._keymap = keymap
        self._databases = tuple(databases)
        self.filter_bar.database_names = [key for key, _ in self._databases]

    def action_do(self, action_id: str) -> None:
        """Do an action, or say why it cannot be done now."""
        spec = action(action_id)
        reason = self.session.why_no_change if spec.is_change else None
        if reason is not None:
            self.say(f"{spec.label.lower()}: {reason}", "warning")
        elif action_id in _VIEWS:
            self.go(action_id)
        else:
            self._doings[action_id]()

    @property
    def _doings(self) -> dict[str, Callable[[], object]]:
        return self._looks() | self._changes()

    @on(ActionChosen)
    def _do_chosen(self, event: ActionChosen) -> None:
        name = event.action
        if name == "palette":
            self.app.action_command_palette()
        elif name == "open":
            self.view.table.action_activate()
        elif name == "mark":
            self.view.table.action_toggle_mark()
        elif name.startswith("tab_"):
            self.show_state(name.removeprefix("tab_"))
        else:
            self.action_do(name)

    def _looks(self) -> dict[str, Callable[[], object]]:
        return {
            "next_pane": self.next_pane,
            "back": lambda: self.go_back(may_quit=False),
            "leave": lambda: self.go_back(may_quit=True),
            "details": self.toggle_details,
            "filter": lambda: self.open_filter(is_jump=False),
            "jump": lambda: self.open_filter(is_jump=True),
            "previous_tab": lambda: self.turn_tab(-1),
            "next_tab": lambda: self.turn_tab(1),
            "sort": lambda: self.sort(lambda view: view.turn_order()),
            "sort_before": lambda: self.sort(lambda view: view.sort_beside(-1)),
            "sort_next": lambda: self.sort(lambda view: view.sort_beside(1)),
            "columns": self._choose_columns,
            "mark_all": self.mark_all,
            "next_hit": lambda: self.find(1),
            "previous_hit": lambda: self.find(-1),
            "freeze": lambda: self.set_frozen(is_frozen=not self.session.is_frozen),
            "slower": lambda: self.change_interval(1),
            "faster": lambda: self.change_interval(-1),
            "refresh": self.refresh_now,
            "wrap": self.pane.toggle_wrap,
            "payload_view": self.see_payload_otherwise,
            "chart": self.toggle_chart,
            "pane_size": self.size_pane,
            "copy": self.copy,
            "export": self.export,
            "database": self._choose_database,
            "theme": self._choose_theme,
            "help": self._show_help,
            "suspend": self.app.action_suspend_process,
            "quit": self.quit,
        }

    def _changes(self) -> dict[str, Callable[[], object]]:
        return {
            "requeue": lambda: self.act("requeue"),
            "delete": lambda: self.act("delete"),
            "bury": lambda: self.act("bury"),
            "pause": self.pause,
            "purge": self.purge,
            "edit": self.edit,
            "add": self.add,
            "import": self.open_import,
            "undo": self.undo,
            "quiet_worker": self.quiet_worker,
            "stop_worker": self.stop_worker,
            "lock": self._toggle_lock,
        }

    def quit(self) -> None:
        """Ask the application to end."""
        self.post_message(QuitWanted())

    def _toggle_lock(self) -> None:
        self.session.is_locked = not self.session.is_locked
        self.say("locked: nothing can be changed" if self.session.is_locked else "unlocked")
        self.show_lines()

    def _show_help(self) -> None:
        def take(chosen: str | None) -> None:
            if chosen in self._doings or chosen in _VIEWS:
                self.action_do(chosen)

        here = Help(all_keys(self._keymap), action(self.current).label, self.view.HINTS)
        self.app.push_screen(here, take)

    def _choose_columns(self) -> None:
        table = self.view.table

        def take(hidden: frozenset[str] | None) -> None:
            if hidden is not None:
                table.hide_columns(hidden)

        self.app.push_screen(Columns(self.view.COLUMNS, table.hidden), take)

    def _choose_theme(self) -> None:
        names = sorted(self.app.available_themes)

        def take(chosen: str | None) -> None:
            if chosen is not None:
                self.app.theme = chosen

        self.app.push_screen(Choice("Theme", [(name, name) for name in names], self.app.theme), take)

    def _choose_database(self) -> None:
        if len(self._databases) <= 1:
            self.say(
                "the configuration names no other database (docs/dashboard.md); :database FILE opens one",
                "warning",
            )
            return

        def take(chosen: str | None) -> None:
            if chosen is not None:
                self.post_message(DatabaseChosen(chosen))

        self.app.push_screen(Choice("Database", self._databases, self.session.key), take)
