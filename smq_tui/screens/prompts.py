"""What is asked before an action, and what is said after it. Pure."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from smq_core.eligible import changes
from smq_core.format import age, count, counted
from smq_core.safe_text import cell
from smq_tui.dialogs.confirm import Question
from smq_tui.keys.actions import Danger, action, danger_of
from smq_tui.screens.undo_stack import were_all_processing
from smq_tui.values import Selection, State

if TYPE_CHECKING:
    from collections.abc import Iterable

    from smq_tui.requests import ActionTarget, UndoOperation, Verb
    from smq_tui.screens.undo_stack import UndoEntry
    from smq_tui.values import Outcome, TopicStats
    from smq_tui.widgets.detail_text import Pieces

__all__ = [
    "nothing_sentence",
    "outcome_sentence",
    "purge_question",
    "question",
    "resume_question",
    "stop_question",
    "undo_question",
    "undo_sentence",
]

_REQUEUED: Final = (
    "It becomes ready, and its attempts restart from 0; its errors stay on record.",
    "They become ready, and their attempts restart from 0; their errors stay on record.",
)
_EFFECTS: Final = {
    "requeue": (
        f"{_REQUEUED[0]} z undoes this until it is leased.",
        f"{_REQUEUED[1]} z undoes this until they are leased.",
    ),
    "delete": (
        "It moves to the trash and can be restored for 24 hours, with z or on screen 6.",
        "They move to the trash and can be restored for 24 hours, with z or on screen 6.",
    ),
    "bury": (
        "It moves to the dead letters and is not processed until it is requeued. z undoes this.",
        "They move to the dead letters and are not processed until they are requeued. z undoes this.",
    ),
}
"""What an action does to one message, and to several."""
_NO_WAY_BACK: Final = (
    f"{_REQUEUED[0]} z cannot undo this: its lease cannot be restored.",
    f"{_REQUEUED[1]} z cannot undo this: their leases cannot be restored.",
)


def question(verb: Verb, target: ActionTarget, now: float) -> Question:
    """Ask before an action: how many, of what, how old, a few of them, and what will happen."""
    label = action(verb).label
    free = target.number(is_forced=False)
    effects = _NO_WAY_BACK if verb == "requeue" and were_all_processing(target) else _EFFECTS[verb]
    return Question(
        title=f"{label} {_whom(free or target.count)}?",
        forced_title=f"{label} {_whom(target.count)}?",
        pieces=[*_described(target, now), *_staying(verb, target)],
        samples=_samples(target),
        effect=effects[0 if target.count == 1 else 1],
        label=f"{label} {count(free or target.count)}",
        forced_label=f"{label} {count(target.count)}",
        danger=danger_of(
            verb, target.count, is_selection=target.is_selection, live=target.live + target.left_behind
        ),
        number=free,
        live=target.live,
        live_sentence=_live_sentence(target),
    )


def _whom(number: int) -> str:
    return "this message" if number == 1 else counted(number, "message")


def stop_question(worker_id: str, *, runs: int) -> Question:
    """Ask before a daemon is stopped."""
    sentence = (
        f"It leases no new messages, gives its running ones ({runs} now) the grace period (25 s by default), "
        "puts back those that have not finished by then, and exits. You cannot start it again from here."
    )
    return Question(
        title=f"Stop {cell(worker_id, 60)}?", pieces=[(sentence, "")], label="Stop", danger=Danger.ASK
    )


def undo_question(entry: UndoEntry, actor: str, now: float) -> Question:
    """Ask before something is taken back that was not announced just now: what, by whom, how long ago."""
    by = "you" if entry.by == actor else cell(entry.by, 60)
    tone = "$foreground" if entry.by == actor else "bold $text-warning"
    pieces: Pieces = [(f"by {by}", tone), (f", {age(max(0.0, now - entry.at))} ago\n", "")]
    if entry.detail:
        pieces.append((f"{cell(entry.detail, 200)}\n", "$foreground 65%"))
    of_messages = entry.undo is not None and entry.undo.count > 0
    return Question(
        title=f"Undo the {entry.what}?",
        pieces=pieces,
        effect="Messages that have not been changed since are restored; those that were running stay ready."
        if of_messages
        else "",
        label="Undo",
        danger=Danger.ASK,
    )


def undo_sentence(undo: UndoOperation, outcome: Outcome) -> str:
    """Describe what was taken back, what stays as it is, and why."""
    what = undo.what or f"operation {undo.operation}"
    if not undo.count:
        return _setting_undone(what, outcome)
    returned = outcome.done - outcome.left_ready
    left = (
        counted(
            outcome.left_ready,
            "stays ready, because its lease cannot be restored",
            "stay ready, because their leases cannot be restored",
        )
        if outcome.left_ready
        else ""
    )
    parts = [f"{count(returned)} restored" if returned or not left else "", left, _left_alone(outcome)]
    details = "; ".join(part for part in parts if part)
    if not outcome.done:
        return f"{what} not undone: 0 of {count(undo.count)}" + (f"; {_left_alone(outcome)}").rstrip("; ")
    if outcome.missed_count or outcome.missed:
        return f"{what}: {count(outcome.done)} of {count(undo.count)} undone; {details}"
    return f"{what} undone: {details}"


def _setting_undone(what: str, outcome: Outcome) -> str:
    """Describe how a topic is set again."""
    before = outcome.undone
    topic = cell(before.topic, 60) if before is not None and before.topic else ""
    if not outcome.done:
        return f"{what} could not be undone"
    match before.action if before is not None and topic else "":
        case "pause":
            return f"{what} undone: {topic} is no longer paused"
        case "resume":
            return f"{what} undone: {topic} is paused again"
        case "policy":
            return f"{what} undone: {topic} has its previous policy"
    return f"{what} undone"


def resume_question(stats: TopicStats, actor: str, now: float) -> Question:
    """Ask before resuming a topic that was paused for a reason, or by another operator."""
    who = "you" if stats.paused_by == actor else cell(stats.paused_by, 60) or "somebody"
    ago = "" if stats.paused_since is None else f" {age(max(0.0, now - stats.paused_since))} ago"
    why = f": {cell(stats.pause_reason, 300)}" if stats.pause_reason else ""
    became = counted(stats.ready, "ready message becomes", "ready messages become")
    return Question(
        title=f"Resume {cell(stats.topic, 60)}?",
        pieces=[(f"{who} paused it{ago}{why}", "bold")],
        effect=f"{became} available immediately." if stats.ready else "",
        label="Resume",
        danger=Danger.ASK,
    )


def outcome_sentence(done: str, outcome: Outcome, *, is_undoable: bool = True) -> str:
    """Report truthfully what was done, what was left alone and why, and how to take it back."""
    sentence = f"{count(outcome.done)} {done}"
    if left := _left_alone(outcome):
        sentence += f"; {left}"
    if is_undoable and outcome.operation is not None and outcome.done:
        sentence += ". z undoes it"
    return sentence


def _left_alone(outcome: Outcome) -> str:
    left = outcome.missed_count or len(outcome.missed)
    if not left:
        return ""
    reasons = Counter(missed.why for missed in outcome.missed if not missed.has_moved_on)
    whys = [f"{count(number)} {reason}" for reason, number in reasons.most_common(3)]
    moved = [f"{count(outcome.moved_on)} had changed or gone"] if outcome.moved_on else []
    why = ", ".join((*moved, *whys))
    return f"{count(left)} left alone" + (f": {why}" if why else "")


def nothing_sentence(verb: Verb, target: ActionTarget) -> str:
    """Return why an action changes nothing of what was meant."""
    targets = target.targets
    states = set(target.left)
    if isinstance(targets, Selection) and targets.state is not None and not changes(verb, targets.state):
        states = {targets.state}
    if states == {State.DELETED}:
        return "this is already in the trash: press z, or go to screen 6, to restore it"
    if states:
        return f"{verb} does not change messages that are {_named(states)}"
    nothing = target.description.removeprefix("all ")
    return f"there are no {nothing}" if nothing else "nothing matches any more"


def _named(states: Iterable[State]) -> str:
    words = {"in the trash" if state is State.DELETED else state.word for state in states}
    return " or ".join(sorted(words))


def _staying(verb: Verb, target: ActionTarget) -> Pieces:
    """Report what of all that was meant is not counted, as the action leaves it as it is."""
    targets = target.targets
    if target.left:
        stay = counted(len(target.left), "more stays as it is", "more stay as they are")
        return [(f"{stay}: {_named(set(target.left))}\n", "")]
    if isinstance(targets, Selection) and targets.state is None:
        stays = _named(state for state in State if not changes(verb, state))
        return [(f"messages that are {stays} stay as they are\n", "")]
    return []


def _live_sentence(target: ActionTarget) -> str:
    is_one = target.live == 1
    they = "it" if is_one else "they"
    which = "the one" if is_one else f"the {count(target.live)}"
    if target.silent and target.silent == target.live:
        return f"also {which} held by a lost daemon: if the daemon is still alive, {they} may run twice"
    return f"also {which} that {'is' if is_one else 'are'} running right now: {they} may run twice"


def _described(target: ActionTarget, now: float) -> Pieces:
    pieces: Pieces = []
    if target.description:
        pieces.append((f"{target.description}\n", "bold"))
    if target.is_selection:
        pieces.append(("only those that match now: later messages are not changed\n", "$foreground 65%"))
    if not target.are_all:
        pieces.append(("only the oldest: more match than one action can change\n", "bold $text-warning"))
    if target.topics:
        more = f" and {len(target.topics) - 3} more" if len(target.topics) > 3 else ""  # noqa: PLR2004 - a few names
        pieces += [
            ("topic  ", "$foreground 65%"),
            (", ".join(cell(topic, 40) for topic in target.topics[:3]) + more + "\n", ""),
        ]
    if target.oldest_at is not None:
        pieces += _ages(target, target.oldest_at, now)
    if target.left_behind:
        heard = (
            ""
            if target.lost_since is None
            else f", last heartbeat {age(max(0.0, now - target.lost_since))} ago"
        )
        sentence = (
            f"{counted(target.left_behind, 'is', 'are')} held by a daemon that has exited{heard}: "
            f"{'it' if target.left_behind == 1 else 'they'} may already have run"
        )
        pieces.append((f"{sentence}\n", "bold $text-warning"))
    return pieces


def _ages(target: ActionTarget, oldest_at: float, now: float) -> Pieces:
    """Return how old the messages are; of a selection only the oldest is known."""
    oldest = age(now - oldest_at)
    if target.count == 1:
        name, ages = "age    ", oldest
    elif target.newest_at is None:
        name, ages = "oldest ", oldest
    else:
        newest = age(now - target.newest_at)
        name, ages = "ages   ", oldest if newest == oldest else f"{oldest} to {newest}"
    return [(name, "$foreground 65%"), (f"{ages}\n", "")]


def _samples(target: ActionTarget) -> tuple[str, ...]:
    more = ("       …",) if target.count > len(target.samples) > 0 else ()
    return (*(f"       {cell(sample, 90)}" for sample in target.samples), *more)


def purge_question(target: ActionTarget, topic: str, state: str) -> Question:
    """Ask before what a topic has in a state is removed for good."""
    is_one = target.count == 1
    which = (
        f"the {'only' if target.are_all else 'oldest'} {state} message"
        if is_one
        else f"{'all' if target.are_all else 'the oldest'} {count(target.count)} {state} messages"
    )
    return Question(
        title=f"Purge {which} of {cell(topic, 60)}?",
        pieces=[
            (
                f"{'It' if is_one else 'They'} will be deleted permanently. This cannot be undone.",
                "bold $text-error",
            )
        ],
        label=f"Purge {count(target.count)}",
        danger=Danger.TYPE if target.count > 1 else Danger.ASK,
        number=target.count,
    )
