"""`smq export`: messages as JSONL, to standard output or into a new file."""

from __future__ import annotations

import contextlib
import json
import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final

import click

from smq_core.cli import output
from smq_core.cli.known import unknown
from smq_core.cli.options import STATE, TOPIC, database, location_of
from smq_core.cli.progress import bar, told
from smq_core.clock import SystemClock
from smq_core.derived_file import make_derived
from smq_core.errors import SmqError
from smq_core.format import counted
from smq_core.jsonl import Exported, ExportOptions, export_ids, export_lines, salvage_lines
from smq_core.safe_text import cell
from smq_core.states import State
from smq_core.store import open_store
from smq_core.store.records import Selection
from smq_core.streams import output_told

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from smq_core.store.base import Store

__all__ = ["export_"]

_UNUSUAL: Final = re.compile("[^ -~\n]")


@click.command
@click.option("--topic", type=TOPIC, help="Only messages of this topic.")
@click.option("--state", type=STATE, help="Only messages in this state.")
@click.option(
    "-o", "--output", "target", metavar="FILE", help="New file to write to, instead of standard output."
)
@click.option("--salvage", is_flag=True, help="Export whatever can still be read from a damaged database.")
@database
@click.pass_context
def export_(
    ctx: click.Context,
    *,
    topic: str | None,
    state: str | None,
    target: str | None,
    salvage: bool,
    location: str | None,
) -> int:
    """Write messages as JSONL, which `smq import` reads back."""
    del location
    options = ExportOptions(topic=topic, state=None if state is None else State(state))
    store = open_store(location_of(ctx), read_only=True, may_create=False)
    # before a progress bar puts its own stream in the place of standard output
    is_shown = target is None and sys.stdout.isatty()
    try:
        # Asked first, so that a database that cannot be read leaves no empty file behind.
        store.highest_id()
        # of a damaged database not even the names may be readable
        if topic is not None and not salvage and topic not in (names := store.topic_names()):
            raise SmqError(unknown(topic, names))
        ids = None if salvage or options == ExportOptions() else _fixed(store, options)
        total = None if salvage else _total(store) if ids is None else len(ids)
        with _opened(target) as file, bar("exporting", total) as show:

            def tell(written: int) -> bool:
                show(written, counted(written, "message"))
                return True

            write = _shown if is_shown else file.write
            unreadable = 0
            if salvage:
                written, unreadable = salvage_lines(store, write, options, progress=tell)
                exported = Exported(written)
            elif ids is None:
                exported = Exported(export_lines(store, write, options, progress=tell))
            else:
                exported = export_ids(store, write, ids, progress=tell)
    finally:
        store.close()
    return _told(exported, unreadable)


def _told(exported: Exported, unreadable: int) -> int:
    """Report what was written, and return the exit code."""
    output.note(f"{counted(exported.written, 'message')} written")
    if exported.gone:
        output.note(
            counted(
                exported.gone,
                "more was processed or purged before it could be written",
                "more were processed or purged before they could be written",
            )
        )
    if unreadable:
        lost = counted(
            unreadable,
            "message cannot be read: its contents are lost",
            "messages cannot be read: their contents are lost",
        )
        output.complain(lost)
    return 1 if unreadable else 0


def _fixed(store: Store, options: ExportOptions) -> Sequence[int]:
    """Fix what is written before that begins: messages come into a topic and state meanwhile, and leave."""
    selection = Selection(topic=options.topic, state=options.state)
    with bar("looking", None) as show:
        return store.freeze(selection, now_ms=SystemClock().now_ms(), progress=told(show)).fixed.ids


def _total(store: Store) -> int:
    """Count what will be written, by the topics' counters."""
    topics = store.topics(SystemClock().now_ms())
    return sum(getattr(stats, state.value) for stats in topics for state in State)


def _shown(line: bytes) -> None:
    """Write for a person: what a terminal would obey, or hide, as escapes that import to the same."""
    output.write(_UNUSUAL.sub(_escaped, line.decode()))


def _escaped(found: re.Match[str]) -> str:
    character = found[0]
    if cell(character) == character:
        return character
    return f"\\u{ord(character):04x}" if character <= "\uffff" else json.dumps(character)[1:-1]


@contextlib.contextmanager
def _opened(target: str | None) -> Iterator[BinaryIO]:
    """Open the target; a file appears under its name only when all of it is on the disk."""
    if target is None:
        with output_told():
            yield sys.stdout.buffer
            sys.stdout.buffer.flush()
        return
    path = Path(target)
    if path.exists():
        raise SmqError(f"{target} already exists: choose another file name, or delete that file first")
    part = path.with_name(f".{path.name}.part")
    try:
        # what an export left that was killed, or something else of that name: removed, never written to
        part.unlink(missing_ok=True)
        with os.fdopen(make_derived(part), "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        part.rename(path)
    except OSError as error:
        raise SmqError(f"{target} cannot be written: {error.strerror}") from error
    finally:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
