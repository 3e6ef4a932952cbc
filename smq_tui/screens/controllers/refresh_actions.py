"""How often what is shown is read: at an interval, now, or not at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smq_core.format import duration
from smq_tui.messages import LookWanted, PaceChanged

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from smq_tui.screens.host import Host

__all__ = ["RefreshActions"]


class RefreshActions:
    """The pace at which the session refreshes."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._session = host.session
        self.actions: Mapping[str, Callable[[], object]] = {
            "freeze": self.toggle_refresh,
            "slower": lambda: self.change_interval(1),
            "faster": lambda: self.change_interval(-1),
            "refresh": self.refresh,
        }

    def toggle_refresh(self) -> None:
        """Stop refreshing, or resume it."""
        self._session.is_refresh_paused = not self._session.is_refresh_paused
        self._change_pace()

    def change_interval(self, by: int) -> None:
        """Refresh more or less often."""
        interval = self._session.step_interval(by)
        self._change_pace()
        self._host.say(f"refreshing every {duration(interval)} if something has changed")

    def refresh(self) -> None:
        """Read everything again."""
        self._host.post_message(LookWanted())
        self._host.view.renew()

    def _change_pace(self) -> None:
        self._host.post_message(PaceChanged(self._session.interval))
        self._host.show_lines()
