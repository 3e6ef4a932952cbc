"""Draws a progress bar on a terminal; elsewhere, or without rich, it draws nothing."""

from __future__ import annotations

import contextlib
import sys
from typing import TYPE_CHECKING, Protocol

from smq_core.format import count
from smq_core.safe_text import cell

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rich.progress import Progress

__all__ = ["Bar", "bar", "told"]


class Bar(Protocol):
    """What is told how far something has come."""

    def __call__(self, done: float, text: str = "") -> None:
        """Show how much is done, and a few words."""
        ...


@contextlib.contextmanager
def bar(what: str, total: float | None) -> Iterator[Bar]:
    """Show a bar while the `with` runs; `total` None shows that something moves, without an end."""
    # Imported only where a bar is drawn: it costs as much as the whole of `smq send`.
    rich_progress = _rich_progress() if sys.stderr.isatty() else None
    if rich_progress is None:
        yield _nothing
        return
    with rich_progress as progress:
        task = progress.add_task(cell(what), total=total, words="")

        def show(done: float, text: str = "") -> None:
            progress.update(task, completed=done, words=cell(text))

        yield show


def told(show: Bar) -> Callable[[int], bool]:
    """Return a callback that shows a growing number, and never stops what is going on."""

    def tell(done: int) -> bool:
        show(done, count(done))
        return True

    return tell


def _rich_progress() -> Progress | None:
    try:
        from rich.console import Console  # noqa: PLC0415 - see above
        from rich.progress import (  # noqa: PLC0415 - see above
            BarColumn,
            Progress,
            TaskProgressColumn,
            TextColumn,
            TimeRemainingColumn,
        )
    except ModuleNotFoundError:
        return None
    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[words]}", markup=False),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
    )


def _nothing(done: float, text: str = "") -> None:
    del done, text
