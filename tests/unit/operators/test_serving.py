"""Which topics a handler's pattern covers: the same for the daemon, `smq check` and the dashboard."""

from __future__ import annotations

import pytest

from smq_core.serving import covers


@pytest.mark.parametrize(
    ("pattern", "topic", "is_covered"),
    [
        ("orders", "orders", True),
        ("orders", "orders2", False),
        ("orders*", "orders", True),
        ("*.eu", "mail.eu", True),
        ("a*b*c", "a-b-c", True),
        ("a*b*c", "a-c", False),
        ("jobs[eu]", "jobs[eu]", True),
        ("jobs[eu]*", "jobs[eu].fast", True),
        ("jobs[eu]*", "jobse.fast", False),
        ("mail.*", "mailXin", False),
        ("job?", "job?", True),
        ("job?", "jobs", False),
    ],
)
def test_nothing_but_the_star_is_special(pattern: str, topic: str, *, is_covered: bool) -> None:
    assert covers(pattern, topic) == is_covered
