from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from smq_core.daemon.handlers import HandlerError, Routes, check_pattern, load
from smq_core.daemon.protocol import HandlerSpec
from smq_core.errors import InvalidMessage

if TYPE_CHECKING:
    from pathlib import Path


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


def test_patterns_take_the_topics_that_there_are() -> None:
    routes = Routes([HandlerSpec("mail.*"), HandlerSpec("sms")])

    assert routes.topics(["mail.in", "fax", "mail.out"]) == ["sms", "mail.in", "mail.out"]


@pytest.mark.parametrize("pattern", ["", "a=b", " mail", "a,b"])
def test_a_pattern_is_made_of_what_topics_are_made_of(pattern: str) -> None:
    with pytest.raises(InvalidMessage):
        check_pattern(pattern)


def test_a_function_inside_a_class_is_found() -> None:
    assert load("pathlib:Path.exists").__name__ == "exists"


@pytest.mark.parametrize(
    ("target", "why"),
    [
        ("json", "expected package.module:function"),
        ("no_such_module_here:handle", "No module named"),
        ("json:no_such_function", "has no no_such_function"),
        ("json:__doc__", "not a function"),
        ("os:fork", "called with one argument"),
    ],
)
def test_what_is_wrong_with_a_handler_is_said(target: str, why: str) -> None:
    with pytest.raises(HandlerError, match=why):
        load(target)


def test_a_module_that_fails_is_shown_with_its_traceback(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "broken_module.py").write_text("1 / 0\n")
    monkeypatch.syspath_prepend(tmp_path)

    with pytest.raises(HandlerError, match="ZeroDivisionError"):
        load("broken_module:handle")
