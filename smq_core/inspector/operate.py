"""What an operator does to messages: requeue, delete, bury, move, edit, purge, and their undo.

It checks and freezes what an action is aimed at; the store does it.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Literal, TypeVar

import msgspec

from smq_core import validation
from smq_core.errors import InvalidMessage, MessageNotFound, SmqError
from smq_core.inspector.ids import checked_ids, is_possible, listed, within
from smq_core.inspector.opened import OpenedQueue, state_of
from smq_core.message import Missed, Outcome, Pruned
from smq_core.payload import encode, encode_headers
from smq_core.store.records import Edit, Selection

if TYPE_CHECKING:
    import datetime
    from collections.abc import Callable, Iterable

    from smq_core.message import Payload
    from smq_core.states import State
    from smq_core.store.records import Targets

__all__ = ["MessageOperations"]

Given = TypeVar("Given")
Checked = TypeVar("Checked")


class MessageOperations(OpenedQueue):
    """The part of the inspector that changes messages."""

    def requeue(
        self,
        targets: Iterable[int] | Targets,
        *,
        force: bool | frozenset[str] = False,
        progress: Callable[[int], bool] | None = None,
    ) -> Outcome:
        """Make dead, done, delayed and expired messages ready, and reset their attempts.

        Messages with a live lease are included only with `force`.

        For this and the following actions, `targets` are ids, a mapping from ids to how each message was seen
        (`message.seen`, or only its state), or a selection. A message that has changed since it was seen is
        left alone, and the outcome counts it as `moved_on`. A forced message may run twice; if `force` is a
        set of worker names, only leases of those workers are taken. `progress` is called with the number done
        so far; if it returns False, the action stops there.
        """
        return self._act("requeue", targets, force=force, progress=progress)

    def delete(
        self,
        targets: Iterable[int] | Targets,
        *,
        force: bool | frozenset[str] = False,
        progress: Callable[[int], bool] | None = None,
    ) -> Outcome:
        """Move messages to the trash, from which undo can restore them for 24 hours."""
        return self._act("delete", targets, force=force, progress=progress)

    def bury(
        self,
        targets: Iterable[int] | Targets,
        *,
        force: bool | frozenset[str] = False,
        progress: Callable[[int], bool] | None = None,
    ) -> Outcome:
        """Move messages to the dead letters."""
        return self._act("bury", targets, force=force, progress=progress)

    def move(
        self, targets: Iterable[int] | Targets, topic: str, *, progress: Callable[[int], bool] | None = None
    ) -> Outcome:
        """Move messages that are not running to another topic.

        Raises:
            InvalidMessage: for an illegal topic.
        """
        return self._act("move", targets, to=validation.check_topic(topic), progress=progress)

    def edit(
        self,
        message_id: int,
        *,
        seen: State | str | None = None,
        payload: Payload | msgspec.UnsetType = msgspec.UNSET,
        headers: Mapping[str, str] | msgspec.UnsetType = msgspec.UNSET,
        priority: int | msgspec.UnsetType = msgspec.UNSET,
        key: str | msgspec.UnsetType | None = msgspec.UNSET,
        max_attempts: int | msgspec.UnsetType | None = msgspec.UNSET,
        available_at: float | datetime.datetime | msgspec.UnsetType = msgspec.UNSET,
    ) -> Outcome:
        """Change the given fields of a message that is neither running nor in the trash.

        With `seen`, the message is changed only if it is still in that state. If no value differs, nothing is
        done.

        Raises:
            MessageNotFound: when it no longer exists.
            InvalidMessage: for an invalid value.
        """
        if not is_possible(message_id):
            raise MessageNotFound(message_id)
        body, kind = (payload, payload) if isinstance(payload, msgspec.UnsetType) else encode(payload)
        edit = Edit(
            body=body,
            kind=kind,
            priority=_checked(priority, validation.check_priority),
            available_at=_checked(available_at, partial(validation.available_at_ms, 0, 0.0)),
            headers=_checked(headers, encode_headers),
            key=_checked(key, validation.check_key),
            max_attempts=_checked(max_attempts, validation.check_max_attempts),
        )
        return self._store.edit(
            message_id, edit, actor=self._actor, now_ms=self._clock.now_ms(), seen=state_of(seen)
        )

    def purge(
        self,
        topic: str | Selection,
        state: State | str | None = None,
        *,
        progress: Callable[[int], bool] | None = None,
    ) -> Outcome:
        """Permanently delete every message that a topic has in a state; this cannot be undone.

        With a selection of one topic and state, only the messages captured when it was frozen are deleted.

        Raises:
            InvalidMessage: without a topic or state, for an unknown state, or for running messages.
        """
        wanted = state_of(state)
        if isinstance(topic, Selection):
            if wanted is not None:
                raise InvalidMessage("the selection already has a state: omit the second one")
            selection = within(topic)
        elif wanted is None:
            raise InvalidMessage("purge needs a state: give one")
        else:
            selection = Selection(topic=validation.check_is_text(topic, "a topic"), state=wanted)
        return self._store.purge(selection, actor=self._actor, now_ms=self._clock.now_ms(), progress=progress)

    def prune(self, *, progress: Callable[[int], bool] | None = None) -> Pruned:
        """Remove everything that has expired, in short transactions, and return what was removed.

        This applies to finished messages that their topics no longer keep, the trash and undo data after 24
        hours, the activity log beyond 10,000 entries, and topics that have been empty for 24 hours. A daemon
        does this continuously; without one, a Queue or Inspector does it after its own writes. The free space
        in the file is reused; `smq compact` returns it to the disk. `progress` is called with the number of
        rows so far; if it returns False, pruning stops there.
        """
        now_ms = self._clock.now_ms()
        removed = Pruned()
        while (step := self._store.prune(now_ms)).total:
            removed += step
            if progress is not None and not progress(removed.total):
                break
        return removed

    def undo(
        self, operation: int | Literal["last"] | None, *, progress: Callable[[int], bool] | None = None
    ) -> Outcome:
        """Undo an operation for each of its messages that has not been changed since.

        "last" is the last operation of this inspector's actor that can be undone, never another actor's. If
        `operation` is None, as in the outcome of an action that changed nothing, nothing is done. The
        outcome's `undone` is the operation to be undone; if no message was restored, it still counts as not
        undone.

        `progress` is called after each chunk with the number restored so far; if it returns False, the rest
        stays as it is, and another undo of the same operation continues.

        Raises:
            SmqError: there is no such operation, it has already been undone, or it cannot be undone.
            InvalidMessage: when it is neither an operation's id, "last" nor None.
        """
        if operation is None:
            return Outcome(operation=None, done=0)
        wanted = self._last_operation() if operation == "last" else operation
        if type(wanted) is not int:
            raise InvalidMessage(f'{wanted!r} is neither the id of an operation nor "last"')
        if not is_possible(wanted):
            raise SmqError(f"there is no operation {wanted}: see `smq activity`")
        return self._store.undo(wanted, actor=self._actor, now_ms=self._clock.now_ms(), progress=progress)

    def _last_operation(self) -> int:
        last = self._store.last_undoable(self._actor)
        if last is None:
            raise SmqError(
                f"{self._actor} has done nothing that can be undone: see `smq activity` for what others did, "
                "and give its operation id"
            )
        return last

    def _act(
        self,
        verb: str,
        targets: Iterable[int] | Targets,
        *,
        to: str | None = None,
        force: bool | frozenset[str] = False,
        progress: Callable[[int], bool] | None = None,
    ) -> Outcome:
        frozen, missed = _frozen(targets)
        outcome = self._store.act(
            verb,
            frozen,
            to=to,
            force=force,
            actor=self._actor,
            now_ms=self._clock.now_ms(),
            progress=progress,
        )
        if not missed:
            return outcome
        return msgspec.structs.replace(
            outcome, missed=outcome.missed + missed, missed_count=outcome.missed_count + len(missed)
        )


def _frozen(targets: Iterable[int] | Targets) -> tuple[Targets, tuple[Missed, ...]]:
    """Return what an action is aimed at, and what it misses as nothing can have such an id."""
    if isinstance(targets, Selection):
        return within(targets), ()
    wanted = targets if isinstance(targets, Mapping) else dict.fromkeys(listed(targets))
    possible = checked_ids(wanted)
    if len(possible) == len(wanted):
        return wanted, ()
    beyond = sorted(set(wanted).difference(possible))
    return {one: wanted[one] for one in possible}, tuple(Missed(one, "no such message") for one in beyond)


def _checked(
    value: Given | msgspec.UnsetType, check: Callable[[Given], Checked]
) -> Checked | msgspec.UnsetType:
    """Return a value as it is stored, if one is given."""
    return value if isinstance(value, msgspec.UnsetType) else check(value)
