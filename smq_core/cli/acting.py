"""`smq requeue`, `delete`, `bury`, `move`, `undo` and `purge`: what an operator does to messages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, NamedTuple, Protocol, TypeAlias

import click
import msgspec

from smq_core.cli import output
from smq_core.cli.known import check_known
from smq_core.cli.options import ID, OPERATION, STATE, TOPIC, database, inspector
from smq_core.cli.outcomes import report, report_undo
from smq_core.cli.progress import bar, told
from smq_core.clock import SystemClock
from smq_core.eligible import why_left
from smq_core.format import counted
from smq_core.states import State, sources_of
from smq_core.store.records import Filter

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from smq_core.inspector import Inspector
    from smq_core.message import Message, Outcome
    from smq_core.store.records import Selection

__all__ = ["bury_", "delete_", "move_", "purge_", "requeue_", "undo_"]


_SelectedFor: TypeAlias = Literal["requeue", "delete", "bury", "purge"]
_LOOKED_AT: Final = 1_000
"""Targets of a forced action that are looked at for who runs them."""
_NAMED: Final = 10


class _Verb(NamedTuple):
    """One action on ids or on all that match."""

    name: _SelectedFor
    past: str
    help: str


class _Match(NamedTuple):
    """What all messages have in common that an action is for."""

    topic: str | None
    state: str | None
    error: str | None


@dataclass(frozen=True, slots=True)
class _Selected:
    """What a question is about."""

    selection: Selection
    number: int
    """How many messages the verb changes."""
    held: int
    """How many others would need force."""


class _Action(Protocol):
    """An inspector's method for a verb."""

    def __call__(
        self,
        targets: Sequence[int] | Selection,
        *,
        force: bool = False,
        progress: Callable[[int], bool] | None = None,
    ) -> Outcome:
        """Act."""
        ...


def _command(verb: _Verb) -> click.Command:
    @click.command(verb.name, help=verb.help)
    @click.argument("ids", metavar="[ID]...", type=ID, nargs=-1)
    @click.option("--topic", type=TOPIC, help="All messages of this topic, instead of IDs.")
    @click.option("--state", type=STATE, help="Only messages in this state.")
    @click.option("--error", metavar="TEXT", help="Only messages whose last error contains this text.")
    @click.option("--dry-run", is_flag=True, help="Print how many would change; change nothing.")
    @click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
    @click.option("--force", is_flag=True, help="Include running messages, which may then run twice.")
    @database
    @click.pass_context
    def command(
        ctx: click.Context,
        *,
        ids: tuple[int, ...],
        topic: str | None,
        state: str | None,
        error: str | None,
        dry_run: bool,
        yes: bool,
        force: bool,
        location: str | None,
    ) -> int:
        del location
        view = inspector(ctx)
        targets = _targets(ctx, view, ids, _Match(topic, state, error), verb.name, force=force)
        if dry_run:
            _say_how_many(view, targets, verb, force=force)
            return 0
        if not isinstance(targets, tuple):
            _ask(ctx, targets, verb.name, yes=yes)
        return _act(view, targets, verb, force=force)

    return command


requeue_ = _command(
    _Verb(
        "requeue",
        "requeued",
        "Make messages ready again and reset their attempts.\n\n"
        "By ID, or all messages that match --topic, --state and --error.",
    )
)
delete_ = _command(
    _Verb(
        "delete",
        "deleted",
        "Move messages to the trash.\n\n"
        "By ID, or all messages that match --topic, --state and --error. `smq undo` restores them for a day.",
    )
)
bury_ = _command(
    _Verb(
        "bury",
        "buried",
        "Move messages to the dead letters.\n\n"
        "By ID, or all messages that match --topic, --state and --error.",
    )
)


@click.command
@click.argument("ids", metavar="ID...", type=ID, nargs=-1, required=True)
@click.option("--to", "topic", type=TOPIC, required=True, help="Topic to move them to.")
@database
@click.pass_context
def move_(ctx: click.Context, *, ids: tuple[int, ...], topic: str, location: str | None) -> int:
    """Move messages to another topic."""
    del location
    return report(inspector(ctx).move(ids, topic), f"moved to {topic}")


@click.command
@click.argument("operation", type=OPERATION, default="last")
@database
@click.pass_context
def undo_(ctx: click.Context, *, operation: int | Literal["last"], location: str | None) -> int:
    """Undo an operation, by default your last one.

    Messages that have changed since are left alone. `smq activity` lists the operations.
    """
    del location
    return report_undo(inspector(ctx).undo(operation))


@click.command
@click.argument("topic", type=TOPIC)
@click.option("--state", type=STATE, required=True, help="State of the messages to delete.")
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
@database
@click.pass_context
def purge_(ctx: click.Context, *, topic: str, state: str, yes: bool, location: str | None) -> int:
    """Permanently delete the messages of TOPIC in one state.

    This cannot be undone.
    """
    del location
    view = inspector(ctx)
    selected = _selected(view, _Match(topic, state, None), "purge")
    _ask(ctx, selected, "purge (permanently)", yes=yes)
    with bar("purge", None) as show:
        outcome = view.purge(selected.selection, progress=told(show))
    return report(outcome, "permanently deleted")


def _targets(
    ctx: click.Context,
    view: Inspector,
    ids: tuple[int, ...],
    match: _Match,
    verb: _SelectedFor,
    *,
    force: bool,
) -> tuple[int, ...] | _Selected:
    """Return what is meant, of a selection what the verb changes as things are now.

    Raises:
        UsageError: when it is not said, or in a state that the verb is not for.
    """
    if ids and any(part is not None for part in match):
        raise click.UsageError("give either IDs, or --topic, --state and --error", ctx)
    if ids:
        return ids
    if match.error == "":
        raise click.UsageError("--error is empty: give a part of the error's text", ctx)
    if match.state is None:
        raise click.UsageError("specify message IDs, or --state (optionally with --topic and --error)", ctx)
    sources = sources_of(verb)
    if match.state not in sources:
        others = ", ".join(state.word for state in State if state in sources)
        word = State(match.state).word
        raise click.UsageError(f"{verb} does not change {word} messages; it accepts the states {others}", ctx)
    return _selected(view, match, verb, force=force)


def _selected(view: Inspector, match: _Match, verb: _SelectedFor, *, force: bool = False) -> _Selected:
    """Fix what is meant before it is counted: what is asked about is what is done."""
    check_known(view, match.topic)
    where = Filter(error=match.error)
    with bar("looking", None) as show:
        found = view.select(match.topic, match.state, where, verb=verb, force=True, progress=told(show))
    frozen = found.fixed
    if force:
        return _Selected(found, len(frozen), 0)
    free = frozen.without_held()
    return _Selected(msgspec.structs.replace(found, frozen=free), len(free), len(frozen) - len(free))


def _act(view: Inspector, targets: tuple[int, ...] | _Selected, verb: _Verb, *, force: bool) -> int:
    wanted = targets.selection if isinstance(targets, _Selected) else targets
    running = _running(view, wanted) if force else []
    action: _Action = getattr(view, verb.name)
    with bar(verb.name, None) as show:
        outcome = action(wanted, force=force, progress=told(show))
    code = report(outcome, verb.past)
    missed = {one.id for one in outcome.missed}
    _tell_running([one for one in running if one.id not in missed], verb)
    return 1 if isinstance(targets, _Selected) and targets.held else code


def _running(view: Inspector, targets: tuple[int, ...] | Selection) -> list[Message]:
    """Look which of the first targets are running."""
    ids = targets if isinstance(targets, tuple) else sorted(targets.fixed.held())
    found = view.messages(ids[:_LOOKED_AT], preview=0)
    return [message for message in found if message.state is State.PROCESSING]


def _tell_running(running: list[Message], verb: _Verb) -> None:
    """Report that what was taken from somebody by force goes on there."""
    what = (
        "if a daemon is running it, that run is interrupted; otherwise it continues alongside the new one"
        if verb.name == "requeue"
        else "that run continues, and its outcome is dropped"
    )
    for message in running[:_NAMED]:
        who = f" in {message.worker}" if message.worker else ""
        output.note(f"{message.id} was running{who}: {what}")
    if len(running) > _NAMED:
        output.note(f"and {len(running) - _NAMED:,} more were running")


def _ask(ctx: click.Context, selected: _Selected, verb: str, *, yes: bool) -> None:
    """Ask before something is done to many; without anybody to ask, refuse."""
    if selected.held:
        output.note(_live(selected.held))
    if yes:
        return
    if not output.is_terminal():
        raise click.UsageError("not running in a terminal: pass --yes (try --dry-run first)", ctx)
    if selected.number:
        click.confirm(f"{verb} {_how_many(selected)}?", abort=True, err=True)


def _say_how_many(view: Inspector, targets: tuple[int, ...] | _Selected, verb: _Verb, *, force: bool) -> None:
    if isinstance(targets, _Selected):
        output.say(f"would {verb.name} {_how_many(targets)}")
        if targets.held:
            output.note(_live(targets.held))
        return
    now = SystemClock().now_ms() / 1000
    found = {message.id: message for message in view.messages(targets, preview=0)}
    left = {
        one: "no such message" if one not in found else why_left(found[one], verb.name, now=now, force=force)
        for one in targets
    }
    output.say(f"would {verb.name} {counted(list(left.values()).count(None), 'message')}")
    for one, why in left.items():
        if why is not None:
            output.note(f"{one}: {why}")


def _how_many(selected: _Selected) -> str:
    selection = selected.selection
    where = " of all topics" if selection.topic is None else f" of {selection.topic}"
    state = "" if selection.state is None else f" in the {selection.state.word} state"
    return f"{counted(selected.number, 'message')}{where}{state}"


def _live(number: int) -> str:
    return counted(
        number,
        "more is running: --force includes it, but it may then run twice",
        "more are running: --force includes them, but they may then run twice",
    )
