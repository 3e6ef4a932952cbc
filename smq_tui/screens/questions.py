"""What is asked before an action, and what is said after it. Pure."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from smq_core.format import age, count
from smq_core.safe_text import cell
from smq_tui.actions import Danger, action, danger_of
from smq_tui.dialogs.confirm import Question

if TYPE_CHECKING:
    from smq_tui.requests import Aim, Verb
    from smq_tui.values import Outcome
    from smq_tui.widgets.detail_text import Pieces

__all__ = ["outcome_sentence", "purge_question", "question", "stop_question"]

_EFFECTS: Final = {
    "requeue": "They become ready, with all their attempts before them; their history stays. "
    "z takes it back until they are leased.",
    "delete": "They go to the trash and can be brought back for 24 hours: z, or screen 6.",
    "bury": "They go to the dead letters, where nothing processes them until somebody requeues them. "
    "z takes it back.",
}


def question(verb: Verb, aim: Aim, now: float) -> Question:
    """Ask before an action: how many, of what, how old, a few of them, and what will happen."""
    label = action(verb).label
    number = ("" if aim.is_count_exact else "at least ") + count(aim.count)
    what = "this message" if aim.count == 1 else f"{number} messages"
    return Question(
        title=f"{label} {what}?",
        pieces=_described(aim, now),
        samples=_samples(aim),
        effect=_EFFECTS[verb],
        label=f"{label} {number}",
        danger=danger_of(verb, aim.count, is_selection=aim.is_selection, live=aim.live),
        number=aim.count,
        live=aim.live,
        live_sentence=f"also the {count(aim.live)} that somebody is processing right now: they may run twice",
    )


def stop_question(worker_id: str, *, runs: int) -> Question:
    """Ask before a daemon is stopped."""
    sentence = (
        f"It takes nothing new, finishes what it runs ({runs} now) and ends. To start it is not done here."
    )
    return Question(
        title=f"Stop {cell(worker_id, 60)}?", pieces=[(sentence, "")], label="Stop", danger=Danger.ASK
    )


def outcome_sentence(done: str, outcome: Outcome) -> str:
    """Say truthfully what was done, what was left alone and why, and how to take it back."""
    sentence = f"{count(outcome.done)} {done}"
    left = outcome.missed_count or len(outcome.missed)
    if left:
        reasons = Counter(missed.why for missed in outcome.missed)
        why = ", ".join(f"{count(number)} {reason}" for reason, number in reasons.most_common(3))
        sentence += f"; {count(left)} left alone" + (f": {why}" if why else ", they had moved on")
    if outcome.operation is not None and outcome.done:
        sentence += ". z takes it back"
    return sentence


def _described(aim: Aim, now: float) -> Pieces:
    pieces: Pieces = []
    if aim.description:
        pieces.append((f"{aim.description}\n", "bold"))
        pieces.append(("as they are now: what comes later is not touched\n", "$foreground 65%"))
    if aim.topics:
        more = f" and {len(aim.topics) - 3} more" if len(aim.topics) > 3 else ""  # noqa: PLR2004 - a few names
        pieces += [
            ("topic  ", "$foreground 65%"),
            (", ".join(cell(topic, 40) for topic in aim.topics[:3]) + more + "\n", ""),
        ]
    if aim.oldest_at is not None:
        newest = (
            f" to {age(now - aim.newest_at)}"
            if aim.newest_at is not None and aim.newest_at != aim.oldest_at
            else ""
        )
        pieces += [("age    ", "$foreground 65%"), (f"{age(now - aim.oldest_at)}{newest}\n", "")]
    return pieces


def _samples(aim: Aim) -> tuple[str, ...]:
    more = ("       …",) if aim.count > len(aim.samples) > 0 else ()
    return (*(f"       {cell(sample, 90)}" for sample in aim.samples), *more)


def purge_question(topic: str, state: str, number: int) -> Question:
    """Ask before what a topic has in a state is removed for good."""
    return Question(
        title=f"Purge all {count(number)} {state} messages of {cell(topic, 60)}?",
        pieces=[("They are removed for good. This cannot be undone.", "bold $text-error")],
        label=f"Purge {count(number)}",
        danger=Danger.TYPE,
        number=number,
    )
