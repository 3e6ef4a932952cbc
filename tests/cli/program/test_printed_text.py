"""Whatever is printed passes through the safe text, in every way of printing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from smq_core.cli import output
from smq_core.daemon.main import command

if TYPE_CHECKING:
    from collections.abc import Callable

    from smq_core import Queue
    from tests.cli.conftest import Smq

HOSTILE = "a\x1b]0;x\x07\x9b2J\r\u202eb"


@pytest.mark.parametrize(
    "print_it",
    [
        output.say,
        output.say_block,
        output.note,
        output.complain,
        lambda text: output.table(["title"], [[text]]),
    ],
    ids=["line", "lines", "note", "complaint", "table"],
)
def test_nothing_that_is_printed_moves_the_cursor_or_hides(
    print_it: Callable[[str], None], capsys: pytest.CaptureFixture[str]
) -> None:
    print_it(HOSTILE)
    printed = "".join(capsys.readouterr())

    assert "a␛]0;x␇" in printed
    assert printed.replace("\n", "").isprintable()


def test_a_header_cannot_forge_another_line(smq: Smq, messages: Queue) -> None:
    messages.enqueue("mail", "hello", headers={"from": "ann\nto: bob", "x\ny": "z"})
    printed = smq("show", "1").out

    assert "from: ann␊to: bob" in printed
    assert "x␊y: z" in printed


def test_a_check_of_a_daemon_shows_what_it_was_given_safely(
    location: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        command.main(["--db", location, "--check", "--exec", "mail='no-such-a\x1b]0;x\x07\x9b2J'"])

    said = capsys.readouterr().out
    assert "the command no-such-a␛]0;x␇" in said
    assert said.replace("\n", "").isprintable()
