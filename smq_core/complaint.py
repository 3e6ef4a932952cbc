"""Describes why a payload cannot be stored; it decides nothing."""

from __future__ import annotations

from smq_core.depth import TOO_DEEP

__all__ = ["complaint"]

_LEAVES = (str, int, float, bool, type(None))


def complaint(payload: object) -> str:
    """Return why a payload cannot be stored, naming the first place that JSON cannot hold."""
    try:
        where = _first_illegal(payload, "payload")
    except RecursionError:
        return TOO_DEEP
    return where or "the payload would not compare equal when read back: send JSON values, text or bytes"


def _first_illegal(value: object, path: str) -> str | None:
    """Name the first place in a payload that JSON cannot hold."""
    if isinstance(value, dict):
        for name, item in value.items():
            if not isinstance(name, str):
                return f"{path} has the key {name!r}, which is not text: keys of JSON objects must be str"
            if found := _first_illegal(item, f"{path}[{name!r}]"):
                return found
        return None
    if isinstance(value, list):
        return next(
            (
                found
                for index, item in enumerate(value)
                if (found := _first_illegal(item, f"{path}[{index}]"))
            ),
            None,
        )
    if isinstance(value, float) and not float("-inf") < value < float("inf"):
        return f"{path} is {value!r}, which is not valid JSON: send None or text"
    if isinstance(value, str) and not _is_encodable(value):
        return f"{path} has a lone surrogate, which cannot be stored as text: replace it or send bytes"
    if not isinstance(value, _LEAVES):
        return (
            f"{path} is of type {type(value).__name__}, which is not a JSON value: "
            "send dict, list, str, int, float, bool, None or bytes"
        )
    return None


def _is_encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
