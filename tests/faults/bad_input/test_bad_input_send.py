"""The story: a script hands `smq send` whatever it has. It is stored as given, or refused in a sentence."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from smq_core import Queue
from smq_core.cli.main import run
from tests.matrix import scaled

if TYPE_CHECKING:
    from tests.matrix import Fault

ENDINGS = {0, 1, 2, 65}
CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
texts = st.one_of(
    st.text(max_size=20),
    st.text(st.characters(categories=["Cc", "Cf", "Cs", "Co", "Zl", "Zp"]), max_size=6),
    st.sampled_from(
        ["", " ", "-", "--", "=", "a=", "x" * 300, "\x1b[2J", "[red]x[/]", "../x", "'; --", "%s%n", "NaN"]
    ),
)
numbers = st.one_of(
    st.integers().map(str),
    st.floats().map(str),
    st.sampled_from(["1e400", "0x1", "-0", "٣", "1_000", "5s", "-5s", "99999999w", "", "9" * 400]),
)
OPTIONS = {
    "--key": texts,
    "--header": texts | st.tuples(texts, texts).map("=".join),
    "--priority": numbers | texts,
    "--delay": numbers | texts,
    "--max-attempts": numbers,
}
options = st.lists(
    st.one_of(*(st.tuples(st.just(name), values) for name, values in OPTIONS.items())), max_size=3
).map(lambda pairs: [part for pair in pairs for part in pair])
flags = st.lists(st.sampled_from(["--text", "--bytes", "--json"]), max_size=2)


@pytest.mark.fault(
    row="arguments and input that no message can have, through `smq send`",
    part="bad input",
    promise="the message is stored as given, or refused with an error and exit code 2 or 65, and nothing is "
    "stored",
    how="Hypothesis: topics, keys, headers, numbers and encodings; some in separate processes",
)
def test_whatever_is_sent_is_stored_or_refused(
    location: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, fault: Fault
) -> None:
    queue = Queue(location, durability="normal")

    @settings(
        max_examples=scaled(250, 5_000),
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
    )
    @given(
        topic=texts | st.just("mail"), payload=texts, stdin=st.binary(max_size=30), given=options, flags=flags
    )
    @example(topic="mail", payload="-", stdin=b"\xff", given=[], flags=[])
    @example(topic="mail", payload="-", stdin=b"\xff", given=[], flags=["--bytes"])
    def send(topic: str, payload: str, stdin: bytes, given: list[str], flags: list[str]) -> None:
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        before = count_all(queue)
        code = run(["send", "--db", location, *given, *flags, "--", topic, payload])
        said = capsys.readouterr()

        assert code in ENDINGS
        added = count_all(queue) - before
        assert added == (code == 0) or (added == code == 0 and "--key" in given)
        assert CONTROL.search(said.out + said.err) is None
        assert bool(said.err) == (code != 0)
        fault.ran()
        fault.struck(code != 0)

    send()
    queue.close()


def count_all(queue: Queue) -> int:
    with queue.transaction() as transaction:
        ((count,),) = transaction.execute("SELECT count(*) FROM smq_messages")
    return int(str(count))


@pytest.mark.fault(
    row="arguments and input that no message can have, through `smq send`",
    part="bad input",
    promise="the message is stored as given, or refused with an error and exit code 2 or 65, and nothing is "
    "stored",
    how="Hypothesis: topics, keys, headers, numbers and encodings; some in separate processes",
)
@pytest.mark.parametrize(
    ("arguments", "stdin"),
    [
        ([b"mail", b"\xff\xfe"], b""),
        ([b"\xe0\x80", b"x"], b""),
        ([b"mail", b"-"], b"\xed\xa0\x80"),
        ([b"mail\n", b"x"], b""),
        ([b"mail", b"x", b"--header", b"\xc3=\x28"], b""),
        ([b"mail", b"x", b"--key", b"k" * 100_000], b""),
    ],
)
def test_bytes_that_are_no_text_are_refused_by_a_real_process(
    location: str, arguments: list[bytes], stdin: bytes, fault: Fault
) -> None:
    ended = subprocess.run(
        [
            sys.executable,
            "-c",
            "from smq_core.cli.main import main; main()",
            "send",
            "--db",
            location,
            *arguments,
        ],
        input=stdin,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])},
        capture_output=True,
        check=False,
    )

    assert ended.returncode in {2, 65}
    assert b"Traceback" not in ended.stderr
    with Queue(location) as queue:
        assert queue.size("mail") == 0
    fault.struck()
    fault.ran()
