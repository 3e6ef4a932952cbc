"""Whatever is stored, nothing that a terminal would act on or hide leaves `safe_text`."""

import sys
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smq_core.safe_text import CUT, REPLACEMENT, block, cell, visible

any_text = st.text(st.characters(), max_size=60)
INVISIBLE_CATEGORIES = {"Cc", "Cf", "Cs", "Zl", "Zp"}
# Signs that Unicode calls format controls although they are drawn: they stand before or around digits.
DRAWN_FORMAT_SIGNS = {*range(0x600, 0x606), 0x6DD, 0x70F, 0x890, 0x891, 0x8E2, 0x110BD, 0x110CD}


def test_no_control_or_format_character_of_unicode_passes() -> None:
    """Asked of every code point, by the categories of Unicode rather than by our own list."""
    passed = [
        code
        for code in range(sys.maxunicode + 1)
        if unicodedata.category(chr(code)) in INVISIBLE_CATEGORIES
        and code not in DRAWN_FORMAT_SIGNS
        and chr(code) in cell(chr(code))
    ]

    assert passed == []


@pytest.mark.parametrize(
    ("stored", "shown"),
    [
        ("plain", "plain"),
        ("", ""),
        ("a\nb\tc\r\x00", "a␊b␉c␍␀"),
        ("\x1b]0;title\x07", "␛]0;title␇"),
        ("\x1b]52;c;Zm9v\x1b\\", "␛]52;c;Zm9v␛\\"),
        ("\x7f", "␡"),
        ("\x9b31m", "\ufffd31m"),
        ("gnp.\u202etxt", "gnp.\ufffdtxt"),
        ("or\u200bders", "or\ufffdders"),
        ("\ufeff{}", "\ufffd{}"),
        ("\u3164", "\ufffd"),
        ("\ud800", "\ufffd"),
        ("\U000e0041", "\ufffd"),
        ("a\u2028b", "a\ufffdb"),
        ("[red]x[/] [@click=app.bell]y[/]", "[red]x[/] [@click=app.bell]y[/]"),
        ("漢字 emoji 🎉 e\u0301 العربية", "漢字 emoji 🎉 e\u0301 العربية"),
    ],
)
def test_a_cell_shows_what_it_cannot_print(stored: str, shown: str) -> None:
    """Controls become pictures, invisible characters U+FFFD, and everything else stays as it is."""
    assert cell(stored) == shown


def test_a_symbol_loses_its_emoji_form_but_no_selector_hides_in_a_word() -> None:
    """Terminals disagree about the width of a symbol in emoji form, or with a skin."""
    assert cell("\u26a0\ufe0f careful") == "\u26a0 careful"
    assert cell("\U0001f44d\U0001f3fd") == "\U0001f44d"
    assert cell("a\U0001f3fd") == "a\ufffd"
    assert cell("or\ufe0fders") == "or\ufffdders"


def test_a_cell_over_its_limit_ends_in_a_mark() -> None:
    """The mark counts as one of the characters."""
    assert [cell("abcdef", limit) for limit in (7, 6, 5, 1, 0, -1)] == [
        "abcdef",
        "abcdef",
        "abcd…",
        "…",
        "",
        "",
    ]


@settings(deadline=None)
@given(any_text, st.integers(min_value=0, max_value=80))
def test_a_cell_is_never_longer_than_its_limit_and_marked_when_cut(text: str, limit: int) -> None:
    """Cutting and cleaning together keep both promises."""
    shown = cell(text, limit)

    assert len(shown) <= limit
    assert limit == 0 or len(text) <= limit or shown.endswith(CUT)


@settings(deadline=None)
@given(any_text)
def test_cleaning_twice_changes_nothing(text: str) -> None:
    """What is shown is itself safe, so text may pass through more than once."""
    assert cell(cell(text)) == cell(text)
    assert block(block(text)) == block(text)


@settings(deadline=None)
@given(any_text)
def test_a_cell_is_one_encodable_line(text: str) -> None:
    """No output stream can choke on it, and no line is broken."""
    shown = cell(text)

    assert len(shown.splitlines()) <= 1
    assert shown.encode().decode() == shown


def test_a_block_keeps_line_feeds_and_tabs_and_nothing_else() -> None:
    """Carriage returns and form feeds would let text overwrite what was shown before it."""
    assert block("a\n\tb\rc\x0c\x1b[2J\u2029d") == "a\n\tb␍c␌␛[2J\ufffdd"


@pytest.mark.parametrize(
    ("data", "shown"),
    [
        (b"", ""),
        (b"text", "text"),
        ("größe".encode(), "größe"),
        (b"\x1b[2J", "␛[2J"),
        (b"\xff\x00\x1b", "hex ff 00 1b"),
        (b"\xc3", "hex c3"),
        (b"\x9b31m", "hex 9b 33 31 6d"),
    ],
)
def test_bytes_are_shown_as_text_or_in_hexadecimal(data: bytes, shown: str) -> None:
    """Only complete UTF-8 counts as text."""
    assert visible(data) == shown


@settings(deadline=None)
@given(st.binary(max_size=100), st.integers(min_value=1, max_value=40))
def test_bytes_over_the_limit_are_cut_with_a_mark(data: bytes, limit: int) -> None:
    """What is shown begins as the whole would."""
    whole, cut = visible(data), visible(data, limit)

    assert len(cut) <= limit
    assert cut == whole or cut.endswith(CUT)


def test_a_character_cut_by_the_limit_does_not_turn_text_into_hexadecimal() -> None:
    """The limit may fall into the middle of a character's bytes."""
    for limit in range(1, 12):
        assert visible("a漢🎉".encode() * 20, limit).startswith("a"[: limit - 1])
        assert "hex" not in visible("a漢🎉".encode() * 20, limit)


def test_what_lies_beyond_the_limit_is_not_looked_at() -> None:
    """A payload of megabytes costs as much as its first line."""
    assert visible(b"x" * 1000 + b"\xff", 10) == "x" * 9 + CUT
    assert REPLACEMENT not in visible(b"x" * 1000 + b"\xff", 10)
