"""The order of a list: its title names it, and its keys lead back to the default one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from smq_tui.screens.preferences_sync import recall
from smq_tui.settings.preferences import Preferences
from tests.tui.dashboard import add_daemons, fill, make_dashboard, run, settle

if TYPE_CHECKING:
    from textual.pilot import Pilot

    from smq_tui.app import Dashboard

SORTED = {"1": "problems first", "4": "the most frequent first", "5": "in the order they started"}


@pytest.fixture
def shop(location: str) -> str:
    """Give a queue that has something of everything, with daemons."""
    fill(location)
    add_daemons(location, "host:4000:b", "host:4001:a")
    return location


def title(app: Dashboard) -> str:
    """Return what the line above the list says."""
    return " ".join(part.text for part in app.main.view.title_parts())


@pytest.mark.parametrize(("screen", "default"), SORTED.items())
def test_the_title_names_the_order_and_its_key_comes_back_to_the_default_one(
    shop: str, screen: str, default: str
) -> None:
    async def scenario(app: Dashboard, pilot: Pilot[int]) -> None:
        await pilot.press(screen)
        await settle(pilot)
        rows = list(app.main.view.table.visible_keys)
        assert default in title(app)
        column = app.main.view.sort_columns()[0].title
        for order in (f"by {column}, A to Z", f"by {column}, Z to A"):
            await pilot.press("o")
            assert order in title(app)
            assert default not in title(app)
            assert app.main.lines.said.text == f"sorted {order}"
        await pilot.press("o")
        assert default in title(app)
        assert app.main.lines.said.text == f"default order: {default}"
        await settle(pilot)
        assert list(app.main.view.table.visible_keys) == rows

    run(make_dashboard(shop), scenario, size=(140, 30))


@pytest.mark.parametrize("key", ["less_than_sign", "greater_than_sign"])
def test_the_ring_of_columns_has_the_default_order_in_it(shop: str, key: str) -> None:
    async def scenario(app: Dashboard, pilot: Pilot[int]) -> None:
        columns = app.main.view.sort_columns()
        for number in range(len(columns)):
            await pilot.press(key)
            chosen = columns[number if key == "greater_than_sign" else -number - 1]
            assert f"by {chosen.title}" in title(app)
        await pilot.press(key)
        assert SORTED["1"] in title(app)

    run(make_dashboard(shop), scenario, size=(140, 30))


def test_the_key_goes_on_with_the_column_that_was_sorted_by_last(shop: str) -> None:
    async def scenario(app: Dashboard, pilot: Pilot[int]) -> None:
        await pilot.press("greater_than_sign", "greater_than_sign", "o", "o")
        assert SORTED["1"] in title(app)
        await pilot.press("o")
        assert "by READY, lowest first" in title(app)

    run(make_dashboard(shop), scenario, size=(140, 30))


def test_a_remembered_order_is_named_and_the_default_one_is_remembered_too(shop: str) -> None:
    preferences = Preferences(sorting={"topics": ["ready", True]})

    async def scenario(app: Dashboard, pilot: Pilot[int]) -> None:
        assert "by READY, highest first" in title(app)
        await pilot.press("o")
        app.leave()

    run(make_dashboard(shop, preferences=preferences), scenario, size=(140, 30))
    assert "topics" not in preferences.sorting


def test_an_order_that_a_screen_does_not_have_is_not_recalled(shop: str) -> None:
    async def scenario(app: Dashboard, _: Pilot[int]) -> None:
        recall(app.main, Preferences(sorting={"leases": ["id", True], "workers": ["busy", True]}))
        assert app.main.views["leases"].table.sorting is None
        assert app.main.views["workers"].table.sorting is None

    run(make_dashboard(shop), scenario)


@pytest.mark.parametrize("key", ["o", "less_than_sign", "greater_than_sign"])
def test_messages_are_ordered_by_id_newest_or_oldest_first(shop: str, key: str) -> None:
    async def scenario(app: Dashboard, pilot: Pilot[int]) -> None:
        await pilot.press("2")
        await settle(pilot)
        newest, *_ = app.main.view.table.visible_keys
        await pilot.press(key)
        await settle(pilot)
        assert app.main.lines.said.text == "sorted oldest first"
        assert int(next(iter(app.main.view.table.visible_keys))) < int(newest)
        await pilot.press(key)
        assert app.main.lines.said.text == "sorted newest first"

    run(make_dashboard(shop), scenario)
