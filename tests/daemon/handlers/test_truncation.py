from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from smq_core.daemon.execution.truncation import KEPT, ends_of, tail_of


def test_short_text_stays() -> None:
    assert (ends_of("as it is"), tail_of("as it is")) == ("as it is", "as it is")


def test_a_long_error_keeps_its_beginning_and_its_end() -> None:
    kept = ends_of("what\n" + "x" * 100_000 + "\nwhere")

    assert kept.startswith("what\nxxx")
    assert kept.endswith("xxx\nwhere")
    assert len(kept) == KEPT - len("…".encode()) + 1


@settings(max_examples=20)
@given(st.text(min_size=KEPT // 4), st.sampled_from([1, 3, 5]))
def test_what_is_kept_fits_whatever_was_written(text: str, times: int) -> None:
    for kept in (ends_of(text * times), tail_of(text * times)):
        assert len(kept.encode("utf-8", "backslashreplace")) <= KEPT
