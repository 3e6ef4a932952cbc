from __future__ import annotations

import pytest

from smq_core.daemon.configuration.routing import Routes, check_pattern
from smq_core.daemon.wire.protocol import HandlerSpec
from smq_core.errors import InvalidMessage


def found(topic: str, *patterns: str) -> str | None:
    spec = Routes([HandlerSpec(pattern) for pattern in patterns]).find(topic)
    return None if spec is None else spec.pattern


def test_a_handler_that_names_a_topic_comes_before_patterns() -> None:
    assert found("mail.in", "mail.*", "mail.in", "*") == "mail.in"


def test_of_patterns_the_longest_is_taken() -> None:
    assert found("mail.in", "*", "mail.*") == "mail.*"


def test_only_the_star_is_special_in_a_pattern() -> None:
    assert found("mailXin", "mail.*") is None


def test_a_topic_without_handler_has_none() -> None:
    assert found("sms", "mail", "mail.*") is None


def test_topics_that_come_and_go_are_not_remembered_for_ever() -> None:
    routes = Routes([HandlerSpec("t*")])

    for number in range(100_000):
        assert routes.find(f"t{number}") is not None
        assert routes.find(f"x{number}") is None

    assert sum(map(len, (value for value in vars(routes).values() if isinstance(value, dict)))) <= 10_001


@pytest.mark.parametrize("pattern", ["", "a=b", " mail", "a,b"])
def test_a_pattern_is_made_of_what_topics_are_made_of(pattern: str) -> None:
    with pytest.raises(InvalidMessage):
        check_pattern(pattern)
