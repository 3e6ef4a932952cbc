"""What is copied of a message, as the bytes that it is."""

from __future__ import annotations

import json

from smq_core import Message
from smq_core.json_fields import message_fields
from smq_tui.requests import Detail
from smq_tui.screens.copy_formats import copied


def test_a_message_as_json_has_the_form_that_smq_prints() -> None:
    message = Message(id=1, topic="mail", payload=b"\x00\xff", kind="bytes", created_at=1_795_519_672.5)

    row = json.loads(copied("json", Detail(message, (), "", 1)))

    assert row.keys() == message_fields(message).keys()
    assert (row["payload"], row["created_at"]) == ({"base64": "AP8="}, "2026-11-24T11:27:52.500Z")
