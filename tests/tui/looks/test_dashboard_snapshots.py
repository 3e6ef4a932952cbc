"""How each screen looks, and the states that matter.

`pytest --snapshot-update` takes them again after a change that is meant.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from smq_core import parse_location
from tests.tui.dashboard import fill, make_dashboard, settle

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from textual.pilot import Pilot

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.version_info[:2] != (3, 11), reason="pictures are taken on the lowest Python"),
]

SHOWN = parse_location("/srv/shop/queue.sqlite3")


def after(*keys: str) -> Callable[[Pilot[int]], object]:
    """Make what is done before the picture is taken."""

    async def go(pilot: Pilot[int]) -> None:
        app = pilot.app
        await settle(pilot)
        app.main.session.location = SHOWN  # type: ignore[attr-defined]  # the dashboard's
        app.main.pane.add_class("-half")  # type: ignore[attr-defined]  # the dashboard's
        for key in keys:
            await pilot.press(key)
            await settle(pilot)
        for field in app.screen.query("Input, TextArea"):
            # On a slow machine the picture may be taken while its cursor is dark.
            field.cursor_blink = False  # type: ignore[attr-defined]  # both have it
        for _ in range(40):
            await pilot.pause()
        app.main.show_lines()  # type: ignore[attr-defined]  # the dashboard's
        await pilot.pause()

    return go


@pytest.mark.parametrize("screen", "123456")
def test_a_screen(screen: str, location: str, snap_compare: Callable[..., bool]) -> None:
    fill(location)

    assert snap_compare(make_dashboard(location), terminal_size=(120, 30), run_before=after(screen))


@pytest.mark.parametrize("keys", [("3", "R"), ("4", "R"), ("question_mark",), ("I",), ("a",)], ids="-".join)
def test_a_dialog(
    keys: tuple[str, ...],
    location: str,
    snap_compare: Callable[..., bool],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    fill(location)
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")

    assert snap_compare(make_dashboard(location), terminal_size=(100, 30), run_before=after(*keys))


@pytest.mark.parametrize("size", [(60, 16), (80, 24), (200, 60)], ids=str)
def test_a_size(size: tuple[int, int], location: str, snap_compare: Callable[..., bool]) -> None:
    fill(location)

    assert snap_compare(make_dashboard(location), terminal_size=size, run_before=after("2"))


def test_an_empty_queue(location: str, snap_compare: Callable[..., bool]) -> None:
    assert snap_compare(make_dashboard(location), terminal_size=(80, 24), run_before=after())
