"""The application: it owns the gateway and the session.

Carries questions and answers between screens and gateway.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, ClassVar, Final

from textual import on
from textual.app import App, SystemCommand
from textual.css.query import NoMatches
from textual.dom import DOMNode
from textual.drivers.linux_driver import LinuxDriver
from textual.events import Key
from textual.worker import WorkerFailed

from smq_tui.dialogs.closed_once import OncePalette
from smq_tui.gateway import Gateway
from smq_tui.keys.actions import ACTIONS
from smq_tui.keys.key_help import all_keys, shown_key
from smq_tui.keys.palette import ActionCommands
from smq_tui.messages import Asked, DatabaseChosen, LookWanted, PaceChanged, QuitWanted, Withdrawn
from smq_tui.screens.main_screen import MainScreen
from smq_tui.screens.preferences_sync import recall, remember
from smq_tui.settings.databases import Databases
from smq_tui.settings.theme import DEFAULT_THEME, THEMES
from smq_tui.terminal.ascii import AsciiFilter
from smq_tui.terminal.driver import TerminalDriver
from smq_tui.terminal.key_queue import KeysInTurn
from smq_tui.values import SmqError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from textual.binding import BindingType
    from textual.command import Provider
    from textual.driver import Driver
    from textual.events import Event
    from textual.filter import LineFilter
    from textual.screen import Screen

    from smq_tui.settings.config import Config
    from smq_tui.settings.preferences import Preferences
    from smq_tui.settings.session import DashboardSession
    from smq_tui.values import Clock

__all__ = ["Dashboard"]

_TIDY_EVERY_S: Final = 30.0


class Dashboard(App[int]):
    """The dashboard of one database at a time."""

    TITLE = "smq"
    ENABLE_COMMAND_PALETTE = True
    DEFAULT_MODE = "database-0"
    BINDINGS: ClassVar[list[BindingType]] = []
    COMMANDS: ClassVar[set[type[Provider] | Callable[[], type[Provider]]]] = {ActionCommands}
    CSS = """
    #masthead.-red { background: darkred; }
    #masthead.-orange { background: #9a5200; }
    #masthead.-green { background: darkgreen; }
    #masthead.-blue { background: darkblue; }
    #masthead.-purple { background: purple; }
    """

    def __init__(
        self,
        session: DashboardSession,
        clock: Clock,
        config: Config,
        preferences: Preferences,
        *,
        tidy: Callable[[], None] = lambda: None,
        watch_hangup: Callable[[Callable[[int], None]], object] = lambda _: None,
    ) -> None:
        """Show a session; `tidy` is called when the first screen was painted, and at times after that.

        `watch_hangup` is given what makes the dashboard leave with an exit code, from any thread.
        """
        super().__init__()
        self._tidy = tidy
        self._watch_hangup = watch_hangup
        self.session = session
        self.preferences = preferences
        self._clock = clock
        self._config = config
        self._is_ascii = config.is_ascii
        self._gateway: Gateway | None = None
        self._keys = KeysInTurn(self, super().on_event)
        self._databases = Databases(config.databases, session)
        self._shown = 0
        """How many databases were shown before this one."""
        self._is_leaving = False
        self.main: MainScreen
        self.add_mode(self.DEFAULT_MODE, self._make_main)
        for theme in THEMES:
            self.register_theme(theme)
        wanted = config.theme or preferences.theme or DEFAULT_THEME
        self.theme = wanted if wanted in self.available_themes else DEFAULT_THEME

    def get_driver_class(self) -> type[Driver]:
        """Use a driver whose terminal may go away."""
        found = super().get_driver_class()
        return TerminalDriver if found is LinuxDriver else found

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Write plain ASCII where that is wanted."""
        filters = super().get_line_filters()
        return [*filters, AsciiFilter()] if self._is_ascii else filters

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """Offer every action by its name, those first that are of most use on this screen."""
        if isinstance(screen, MainScreen):
            here = screen.view.HINTS
            places = {action_id: place for place, action_id in enumerate(here)}
            for spec in sorted(ACTIONS, key=lambda spec: places.get(spec.id, len(here))):
                yield SystemCommand(
                    spec.label, f"{spec.sentence} ({shown_key(spec.first_key)})", self._doing(spec.id)
                )

    def on_load(self) -> None:
        """Start tasks in their turn on every Python.

        From 3.12 on Textual starts them at once, in the middle of what creates them: the first screen is then
        composed before it stands on the stack of screens, for which its input asks.
        """
        asyncio.get_running_loop().set_task_factory(None)

    def on_mount(self) -> None:
        """Begin to look, and to watch for the end of the terminal."""
        self.set_keymap(self._config.keys)
        self._open()
        self.call_after_refresh(self._tidy)
        self.set_interval(_TIDY_EVERY_S, self._tidy)
        loop = asyncio.get_running_loop()

        def leave(code: int) -> None:
            # Where the loop has ended, the program is leaving already.
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(self.leave, code)

        self._watch_hangup(leave)

    async def on_event(self, event: Event) -> None:
        """Take one key after the other."""
        if isinstance(event, Key) and not event.is_forwarded:
            await self._keys.take(event)
        else:
            await super().on_event(event)

    def action_command_palette(self) -> None:
        """Open the palette."""
        if not isinstance(self.screen, OncePalette):
            self.push_screen(OncePalette(id="--command-palette"))

    async def action_quit(self) -> None:
        """Leave, whatever is open."""
        self.leave()

    def leave(self, code: int = 0) -> None:
        """Remember how things are, and end with an exit code."""
        remember(self.main, self.preferences, self.theme)
        self._is_leaving = True
        self.exit(return_code=code)

    def _handle_exception(self, error: Exception) -> None:
        # From the moment of leaving Textual mounts nothing: a dialog that just opens finds nothing in itself.
        cause = error.error if isinstance(error, WorkerFailed) else error
        if not (self._is_leaving and isinstance(cause, NoMatches)):
            super()._handle_exception(error)

    def on_unmount(self) -> None:
        """End the threads."""
        if self._gateway is not None:
            self._gateway.close()

    def on_app_blur(self) -> None:
        """Look less often while nobody looks."""
        self._pace(max(5.0, self.session.interval))

    def on_app_focus(self) -> None:
        """Look as often as before."""
        self._pace(self.session.interval)

    def _open(self) -> None:
        recall(self.main, self.preferences)
        self._gateway = Gateway(self.session.location, self._clock, read_only=self.session.read_only)
        self._gateway.watch(self.main.post_message)
        self._pace(self.session.interval)
        if self.session.colour:
            self.main.lines.masthead.add_class(f"-{self.session.colour}")

    def _make_main(self) -> MainScreen:
        keys = {help_.id: help_.keys.split(" ")[0] for help_ in all_keys(self._config.keys)}
        self.main = MainScreen(
            self.session, self._clock, keys, keymap=self._config.keys, databases=self._databases.labels
        )
        return self.main

    def _doing(self, action_id: str) -> Callable[[], None]:
        return lambda: self.main.action_do(action_id)

    def _pace(self, interval: float) -> None:
        if self._gateway is not None:
            self._gateway.pace(interval, is_paused=self.session.is_refresh_paused)

    @on(Asked)
    def _carry_question(self, event: Asked) -> None:
        # What a screen of the database before still asks is not for this one.
        asker = event.asker
        is_of_this = isinstance(asker, DOMNode) and not set(self.screen_stack).isdisjoint(
            asker.ancestors_with_self
        )
        if self._gateway is not None and is_of_this:
            self._gateway.take(asker, event.request, event.reply)

    @on(Withdrawn)
    def _carry_withdrawal(self, event: Withdrawn) -> None:
        if self._gateway is not None:
            self._gateway.withdraw(event.asker)

    @on(PaceChanged)
    def _change_pace(self, event: PaceChanged) -> None:
        self._pace(event.interval)

    @on(LookWanted)
    def _look_now(self) -> None:
        if self._gateway is not None:
            self._gateway.look_now()

    @on(QuitWanted)
    def _quit(self) -> None:
        self.leave()

    @on(DatabaseChosen)
    async def _change_database(self, event: DatabaseChosen) -> None:
        """Show another database, on a main screen of its own; what is open on the one before ends with it."""
        try:
            session = self._databases.session(event.key, self.session)
        except SmqError as error:
            self.main.say(str(error), "warning")
            return
        gateway, self._gateway = self._gateway, None
        if gateway is not None:
            await asyncio.to_thread(gateway.close)
        remember(self.main, self.preferences, self.theme)
        self.session = session
        before, self._shown = self.current_mode, self._shown + 1
        # Each has a mode of its own: a mode's first screen cannot be switched.
        self.add_mode(f"database-{self._shown}", self._make_main)
        await self.switch_mode(f"database-{self._shown}")
        await self.remove_mode(before)
        self._open()
