"""The other keys that change something, and those that take it out.

Pause, edit, add, import, daemons, copy, export.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from textual import on

from smq_core.format import age, count, parse_duration
from smq_core.safe_text import cell
from smq_core.serving import is_lost
from smq_tui.dialogs.choice import Choice
from smq_tui.dialogs.fields import Field, Fields
from smq_tui.dialogs.import_wizard import ImportWizard
from smq_tui.dialogs.message_form import MessageForm
from smq_tui.figures.counted import counted
from smq_tui.figures.diagnosis import lacks_worker, running_of
from smq_tui.messages import Answered, Failed
from smq_tui.requests import Add, Aim, CommandWorker, Detail, DetailOf, Edit, Export, Pause, Resume, Undo
from smq_tui.screens.changing import Changing
from smq_tui.screens.copy_formats import COPIES, copied
from smq_tui.screens.prompts import outcome_sentence, resume_question, stop_question
from smq_tui.screens.undo_stack import Deed, setting_deed
from smq_tui.screens.views.leases_view import LeasesView
from smq_tui.screens.views.messages_view import MessagesView
from smq_tui.screens.views.workers_view import WorkersView
from smq_tui.terminal.clipboard import copy
from smq_tui.text.payload_forms import EDIT_LIMIT
from smq_tui.values import Exported, Outcome, State

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from smq_tui.values import ImportReport, TopicStats

__all__ = ["Mending"]

_ENDED = (Pause, Resume, Edit, Add, CommandWorker, Export)


class Mending(Changing):
    """Pause, edit, add, import, daemons, copy, export."""

    _import_folder = ""
    """Where the last file was that was imported."""
    _wanted: DetailOf | None = None
    """What was asked for last to be edited or copied."""
    _when_read: Callable[[Detail], None]
    """What begins then."""

    def pause(self) -> None:
        """Stop the leasing of a topic, or let it go on."""
        topics = self.view.topics_meant()
        reason = self.view.why_not("pause")
        if reason is not None or len(topics) != 1:
            self.say(reason or "choose one topic to pause: 1 shows them", "warning")
            return
        topic = topics[0]
        line = self.context.snapshot.line(topic) if self.context.snapshot else None
        if line is not None and line.stats.paused:
            self._resume(line.stats)
            return
        fields = (
            Field("reason", "Why (others see it)", "", "deploy, provider is down …"),
            Field("until", "For how long", "", "until resumed; or 10m, 2h"),
        )

        def take(values: Mapping[str, str] | None) -> None:
            if values is not None:
                until = values["until"].strip()
                self.ask(Pause(topic, values["reason"], parse_duration(until) if until else None))

        title = f"Pause {cell(topic, 60)}: nothing of it is leased; what is being processed goes on"
        self.app.push_screen(Fields(title, fields, "Pause (Enter)", check=_check_duration), take)

    def _resume(self, stats: TopicStats) -> None:
        """Let a topic go on; what somebody had a reason for, or somebody else paused, after a question."""
        if stats.pause_reason or stats.paused_by != self.session.actor:
            what = resume_question(stats, self.session.actor, self.context.now)
            self.decide(what, lambda _: self.ask(Resume(stats.topic)))
        else:
            self.ask(Resume(stats.topic))

    def edit(self) -> None:
        """Open the form for the cursor's message."""
        view = self.view
        reason = view.why_not("edit")
        message = view.message if isinstance(view, MessagesView) else None
        if reason is not None or message is None:
            self.say(reason or "choose a message on screen 2 to edit", "warning")
        elif message.state in (State.PROCESSING, State.DELETED):
            state = "being processed" if message.state is State.PROCESSING else "in the trash"
            self.say(
                f"message {message.id} is {state} and cannot be edited: requeue it, or undo its deletion",
                "warning",
            )
        elif message.size > EDIT_LIMIT:
            self.say(
                f"message {message.id} is too large for here: smq edit {message.id} opens it in your editor",
                "warning",
            )
        else:
            self._read_whole(message.id, self._edit_whole)

    def add(self) -> None:
        """Open the form for a new message."""
        topics = self.view.topics_meant() or self.context.topics
        self._open_form(
            MessageForm(None, topic=topics[0] if topics else "default"), "not saved: none was added"
        )

    def open_import(self) -> None:
        """Open the wizard."""
        view = self.view
        topic = view.filtered_by.topic if isinstance(view, MessagesView) else None
        wizard = ImportWizard(self._import_folder, topic or "default")

        def take(report: ImportReport | None) -> None:
            self._import_folder = wizard.folder
            self._remember_import(report)

        self.app.push_screen(wizard, take)

    def quiet_worker(self) -> None:
        """Let the chosen daemon take nothing new, or resume."""
        view = self.view
        worker = view.worker if isinstance(view, WorkersView) else None
        if worker is None:
            self.say(view.why_not("quiet_worker") or "choose a daemon that is running", "warning")
        elif is_lost(worker):
            self.say(
                f"{cell(worker.id, 60)} is lost for {age(self.context.now - worker.heartbeat_at)}: "
                "it cannot hear this",
                "warning",
            )
        else:
            self.ask(CommandWorker(worker.id, "resume" if worker.state == "quiet" else "quiet"))

    def stop_worker(self) -> None:
        """Stop the chosen daemon, after a question."""
        view = self.view
        worker = view.worker if isinstance(view, WorkersView) else None
        if worker is None:
            self.say(view.why_not("stop_worker") or "choose a daemon that is running", "warning")
            return
        if is_lost(worker):
            silent = age(max(0.0, self.context.now - worker.heartbeat_at))
            gone = "has ended" if worker.id in self.context.ended else f"is lost for {silent}"
            self.say(
                f"{cell(worker.id, 60)} {gone}: nothing is left to stop; 3, then R requeues what it held",
                "warning",
            )
            return
        runs = len(running_of(worker))
        self.decide(stop_question(worker.id, runs=runs), lambda _: self.ask(CommandWorker(worker.id, "stop")))

    def copy(self) -> None:
        """Offer what can be copied of the cursor's message."""
        view = self.view
        reason = view.why_not("copy")
        message = view.message if isinstance(view, MessagesView | LeasesView) else None
        if self.current == "topics" and view.table.cursor_key is not None:
            self._put_on_clipboard(str(view.table.cursor_key).encode("utf-8", "surrogatepass"))
        elif reason is not None or message is None:
            self.say(reason or "there is nothing to copy here", "warning")
        else:
            self._read_whole(message.id, self._offer_copies)

    def export(self) -> None:
        """Ask for a file, and write what is meant there."""
        self._aim("export", self._ask_for_file)

    def _ask_for_file(self, aim: Aim) -> None:
        if not aim.count:
            self.say("there is nothing to export", "warning")
            return
        topic = aim.topics[0] if len(aim.topics) == 1 else "messages"
        safe_name = "".join(letter if letter.isalnum() or letter in "-_." else "_" for letter in topic)
        name = Field("path", f"File for {counted(aim.count, 'message')}", f"{safe_name}.jsonl")

        def take(values: Mapping[str, str] | None) -> None:
            if values is not None:
                self.ask(Export(aim, values["path"]))

        self.app.push_screen(
            Fields("Export to JSONL", (name,), "Export (Enter)", check=_check_new_file), take
        )

    def _read_whole(self, message_id: int, then: Callable[[Detail], None]) -> None:
        self._wanted, self._when_read = DetailOf(message_id, is_to_act=True), then
        self.ask(self._wanted)

    def _edit_whole(self, detail: Detail) -> None:
        message = detail.message
        if message.state in (State.PROCESSING, State.DELETED):
            self.say(f"message {message.id} is {message.state.value} by now", "warning")
        else:
            self._open_form(MessageForm(message), f"not saved: message {message.id} is as it was")

    def _open_form(self, form: MessageForm, unsaved: str) -> None:
        def take(request: Add | Edit | None) -> None:
            if request is not None:
                self.ask(request)
            elif form.is_thrown_away:
                self.say(unsaved, "warning")

        self.app.push_screen(form, take)

    def _offer_copies(self, detail: Detail) -> None:
        def take(what: str | None) -> None:
            if what is not None:
                self._put_on_clipboard(copied(what, detail))

        self.app.push_screen(Choice(f"Copy of message {detail.message.id}", COPIES), take)

    def _put_on_clipboard(self, data: bytes) -> None:
        def work() -> None:
            sentence = copy(data, lambda text: self.app.call_from_thread(self._write_to_terminal, text))
            self.app.call_from_thread(self.say, sentence)

        self.run_worker(work, thread=True, exit_on_error=False)

    def _write_to_terminal(self, sequence: str) -> None:
        driver = self.app._driver  # noqa: SLF001 - Textual copies only text; bytes go the same way
        if driver is not None:
            driver.write(sequence)

    @on(Answered)
    def _end_mending(self, event: Answered) -> None:
        match event.request, event.value:
            case DetailOf() as request, Detail() as detail if request is self._wanted:
                self._wanted = None
                self._when_read(detail)
            case Pause(topic=topic), Outcome() as outcome:
                self.end(f"{cell(topic, 60)} is paused. P resumes it", self._set("pause", topic, outcome))
            case Resume(topic=topic), Outcome() as outcome:
                self.end(
                    f"{cell(topic, 60)} is resumed{self._untaken(topic)}", self._set("resume", topic, outcome)
                )
            case Edit() as edit, Outcome() as outcome:
                self._end_edit(edit, outcome)
            case Add(topic=topic), int(number):
                what, why_not = (
                    f"adding of message {number}",
                    f"D deletes message {number} in {cell(topic, 60)}",
                )
                deed = Deed(what=what, by=self.session.actor, at=self.context.now, why_not=why_not)
                self.end(f"message {number} was added to {cell(topic, 60)}", deed)
            case CommandWorker(id=worker, command=command), bool(is_known):
                sentence = f"{cell(worker, 60)} reads “{command}” at its next heartbeat"
                self.end(sentence if is_known else f"{cell(worker, 60)} is gone", is_partial=not is_known)
            case Export(path=path), Exported() as exported:
                self.end(_wrote(exported, path), is_partial=bool(exported.gone))

    def _untaken(self, topic: str) -> str:
        line = self.context.snapshot.line(topic) if self.context.snapshot else None
        is_untaken = line is not None and lacks_worker(line.stats, tuple(self.context.workers.values()))
        return "; no daemon takes it yet" if is_untaken else ""

    def _set(self, verb: str, topic: str, outcome: Outcome) -> Deed | None:
        return setting_deed(verb, topic, outcome, self.session.actor, self.context.now)

    def _end_edit(self, edit: Edit, outcome: Outcome) -> None:
        what = f"edit of message {edit.id}"
        by, at = self.session.actor, self.context.now
        undo = None if outcome.operation is None else Undo(outcome.operation, outcome.done, what)
        deed = None if undo is None else Deed(what=what, by=by, at=at, undo=undo)
        self.end(outcome_sentence("edited", outcome), deed, is_partial=not outcome.done)

    def _remember_import(self, report: ImportReport | None) -> None:
        if report is not None and report.taken:
            what = f"import of {counted(report.taken, 'message')}"
            why_not = "delete what it brought (2, filter, *, D); 6 shows what was done before it"
            deed = Deed(what=what, by=self.session.actor, at=self.context.now, why_not=why_not)
            added = f"{counted(report.taken, 'message')} added, {count(report.rejected)} rejected"
            self.end(f"{added}; nothing undoes an import", deed)

    @on(Failed)
    def _tell_mending_failure(self, event: Failed) -> None:
        if isinstance(event.request, _ENDED):
            self.end(event.sentence, is_partial=True)
        elif event.request is self._wanted:
            self._wanted = None
            self.end(event.sentence, is_partial=True)


def _wrote(exported: Exported, path: str) -> str:
    """Report what was written, and what could not be as it was gone."""
    gone = f"; {count(exported.gone)} are gone: processed or purged meanwhile" if exported.gone else ""
    return f"wrote {counted(exported.written, 'message')} to {cell(str(Path(path).absolute()), 200)}{gone}"


def _check_duration(values: Mapping[str, str]) -> str | None:
    try:
        if values["until"].strip():
            parse_duration(values["until"])
    except ValueError as error:
        return str(error)
    return None


def _check_new_file(values: Mapping[str, str]) -> str | None:
    path = Path(values["path"]).expanduser()
    if not values["path"].strip():
        return "a file's name is wanted"
    if path.exists():
        return f"{path} is there already: nothing is written over, choose another name"
    return None if path.parent.is_dir() else f"there is no folder {path.parent}"
