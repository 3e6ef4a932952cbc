from __future__ import annotations

import os

from hypothesis import given
from hypothesis import strategies as st

from smq_core.daemon.inbox.inbox_names import LONGEST, SUFFIXES, fitted, shown
from smq_core.safe_text import cell

NAMES = st.builds(
    lambda stem, suffix: (
        os.fsdecode(stem.replace(b"/", b"x").replace(b"\0", b"y")[: 255 - len(suffix)]) + suffix
    ),
    st.binary(max_size=255) | st.text(max_size=255).map(lambda text: text.encode("utf-8", "replace")),
    st.sampled_from(SUFFIXES),
)


@given(NAMES, st.integers(60, LONGEST))
def test_a_fitted_name_is_short_visible_text_with_its_suffix(name: str, longest: int) -> None:
    found = fitted(name, longest)

    assert len(found.encode()) <= longest
    assert cell(found) == found
    assert "/" not in found
    assert found.endswith(".jsonl.gz") == name.endswith(".jsonl.gz")
    assert found.endswith(SUFFIXES)
    assert fitted(found, longest) == found


def test_a_name_that_fits_stays_as_it_is() -> None:
    assert fitted("größe 100%.jsonl") == "größe 100%.jsonl"


def test_what_is_not_visible_text_is_shown_by_its_bytes() -> None:
    assert shown(os.fsdecode(b"a\xff\n\x1b\xc2\x85.jsonl")) == "a%FF%0A%1B%C2%85.jsonl"


def test_names_that_begin_alike_stay_apart_when_they_are_cut() -> None:
    names = ["x" * 240 + end + ".jsonl" for end in ("a", "b")]

    assert fitted(names[0]) != fitted(names[1])
