"""What the doctor advises about a damaged database is a way out: what can be read gets into a new queue."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import pytest

from smq_core import Inspector
from smq_core.cli.main import run
from tests.sqlite.rows.damaged_file import damage_leaf

if TYPE_CHECKING:
    from smq_core import Queue
    from tests.cli.conftest import Smq
    from tests.matrix import Fault

SENT = 1_000


@pytest.fixture
def sent(messages: Queue) -> list[str]:
    """Give payloads that were sent, to two topics."""
    payloads = [f"{number} {'x' * 200}" for number in range(SENT)]
    messages.enqueue_many("mail", payloads[::2])
    messages.enqueue_many("print", payloads[1::2])
    messages.close()
    return payloads


@pytest.mark.fault(
    row="a corrupt page",
    part="damage",
    promise="doctor reports it, and says how to restore or salvage the database",
    how="one page of the messages or of the topics, or the header, is overwritten",
)
@pytest.mark.parametrize("which", ["middle", "last"])
def test_what_can_be_read_of_a_damaged_queue_gets_into_a_new_one(
    smq: Smq, sent: list[str], location: str, which: Literal["middle", "last"], fault: Fault
) -> None:
    damage_leaf(Path(location), "smq_messages", which)
    fault.struck()
    saved, new = f"{location}.jsonl", f"{location}.new"
    assert "smq export --salvage -o FILE" in smq("doctor").out
    assert smq("export", "-o", saved).code == 1
    assert not Path(saved).exists()

    ran = smq("export", "--salvage", "-o", saved)
    assert ran.code == 1
    written, lost = (
        int(number) for number in re.findall(r"(\d+) (?:message|id)s? ", ran.err.replace(",", ""))
    )
    assert (written + lost, 0 < lost < SENT / 10) == (SENT, True)
    assert run(["import", "--db", new, saved]) == 0
    with Inspector(new) as view:
        kept = {str(message.payload) for message in view.browse(limit=SENT)}
    assert (len(kept), kept < set(sent)) == (written, True)
    fault.ran()


def test_a_sound_queue_is_salvaged_as_it_is_exported(smq: Smq, sent: list[str]) -> None:
    plain, salvaged = smq("export"), smq("export", "--salvage")

    assert (plain.code, plain) == (0, salvaged)
    assert [json.loads(line)["payload"] for line in salvaged.out.splitlines()] == sent[::2] + sent[1::2]


def test_a_topic_and_a_state_can_be_salvaged_alone(smq: Smq, sent: list[str]) -> None:
    assert smq("export", "--salvage", "--topic", "print").out.count("\n") == len(sent) / 2
    assert smq("export", "--salvage", "--state", "dead").out == ""


def test_a_large_payload_is_salvaged_whole(smq: Smq, messages: Queue) -> None:
    messages.enqueue("mail", "x" * 100_000)
    messages.close()

    assert json.loads(smq("export", "--salvage").out)["payload"] == "x" * 100_000
