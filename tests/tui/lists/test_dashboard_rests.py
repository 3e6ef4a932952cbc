"""A list that takes long to read is read seldom, and no change is forgotten for it."""

from __future__ import annotations

from smq_tui.screens.views.reread_delay import RereadDelay


def test_what_is_read_quickly_never_waits() -> None:
    rest = RereadDelay()
    rest.begin(100.0, 0.03)

    assert not rest.puts_off(100.0)


def test_what_takes_long_waits_and_is_made_up_for() -> None:
    rest = RereadDelay()
    rest.begin(100.0, 0.2)

    assert rest.puts_off(101.0)
    assert not rest.is_owed(105.9)
    assert rest.is_owed(106.0)


def test_nothing_is_owed_when_nobody_wanted_it() -> None:
    rest = RereadDelay()
    rest.begin(100.0, 0.2)

    assert not rest.is_owed(200.0)


def test_reading_pays_what_is_owed() -> None:
    rest = RereadDelay()
    rest.begin(100.0, 0.2)
    rest.puts_off(101.0)
    rest.begin(106.0, 0.2)

    assert not rest.is_owed(200.0)
