"""What the doctor says, as values."""

from __future__ import annotations

from typing import Literal

import msgspec

__all__ = ["Finding", "Severity"]

Severity = Literal["ok", "notice", "warning", "error"]
"""`ok`: as it should be. `notice`: worth knowing. `warning`: will become a problem. `error`: is one."""


class Finding(msgspec.Struct, frozen=True):
    """One thing that was examined."""

    name: str
    severity: Severity
    sentence: str
    advice: str = ""
    """What to do; empty where nothing has to be done."""
