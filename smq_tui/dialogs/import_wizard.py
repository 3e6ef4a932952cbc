"""Imports a JSONL file in four steps.

Choose it, see what would happen, watch it happen, read what happened.
"""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Button, Checkbox, Input, ProgressBar, Static

from smq_core.format import age, count, counted, rate, size
from smq_core.safe_text import block
from smq_tui.dialogs.dialog import Dialog, button, text
from smq_tui.dialogs.file_choices import file_choices
from smq_tui.dialogs.import_texts import preview_pieces, report_pieces
from smq_tui.dialogs.tick import Tick
from smq_tui.messages import Answered, Asked, Progressed, RequestFailed, Withdrawn
from smq_tui.requests import Import, PreviewImport
from smq_tui.settings.user_path import expand_user
from smq_tui.values import ImportReport, ImportStatus
from smq_tui.widgets.keyed_table.keyed_table import KeyedTable
from smq_tui.widgets.keyed_table.table_columns import Column
from smq_tui.widgets.keyed_table.table_messages import RowActivated
from smq_tui.widgets.keyed_table.table_rows import Cell, Tone

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from smq_tui.widgets.detail_text import Pieces

__all__ = ["ImportWizard"]


class _Step(enum.Enum):
    """Where the wizard is."""

    CHOOSE = "choose"
    PREVIEW = "preview"
    READY = "ready"
    RUN = "run"
    DONE = "done"


class ImportWizard(Dialog[ImportReport]):
    """The import."""

    TITLE_TEXT = "Import a JSONL file"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s", "go_on", "Continue", id="dialog.go_on", tooltip="Dry run, then import"),
        Binding("y", "go_on", show=False),
        Binding("down", "to_files", show=False),
    ]
    DEFAULT_CSS = """
    ImportWizard KeyedTable { height: 10; }
    ImportWizard ProgressBar { width: 100%; margin-top: 1; }
    ImportWizard ProgressBar Bar { width: 1fr; }
    ImportWizard .-hidden { display: none; }
    """

    def __init__(self, path: str = "", topic: str = "default") -> None:
        super().__init__()
        self.step = _Step.CHOOSE
        self._path = path
        self._topic = topic
        self._report: ImportReport | None = None
        """What the last import did."""
        self.folder = path
        """Where the last file was that was read, with a slash at its end; empty for the current folder."""

    def compose_body(self) -> ComposeResult:
        """Yield a path with the files it may become, a topic, the report, the progress."""
        yield text(
            [("File (.jsonl or .jsonl.gz); Tab completes, ↓ goes to the list", "")], classes="dialog-note"
        )
        yield Input(self._path, placeholder="path/to/messages.jsonl", id="path")
        columns = (
            Column(key="name", title="NAME", width=20, priority=9, is_stretching=True, is_sortable=False),
            Column(key="size", title="SIZE", width=8, priority=8, is_number=True, is_sortable=False),
        )
        yield KeyedTable(columns, id="files")
        yield text([("Topic for lines that do not name one", "")], classes="dialog-note")
        yield Input(self._topic, id="topic")
        yield Tick(
            "import the file again, even if it has already been imported",
            id="again",
        )
        yield Static("", id="report", markup=False)
        yield ProgressBar(total=100, show_eta=False, id="progress", classes="-hidden")
        yield Static("", id="why", classes="dialog-error", markup=False)
        with Horizontal(classes="dialog-buttons"):
            yield button("Cancel (Esc)", id="cancel")
            yield button("Dry run (Enter)", id="go_on", variant="primary")

    def on_mount(self) -> None:
        """Begin with the path."""
        self._list_files()
        self.query_one("#path").focus()

    def action_leave(self) -> None:
        """Stop what runs; leave when nothing does."""
        if self.step in (_Step.PREVIEW, _Step.RUN):
            self.post_message(Withdrawn(self))
            self._explain("stopping…")
        else:
            self.dismiss(self._report)

    def action_go_on(self) -> None:
        """Do the next step."""
        path = expand_user(self.query_one("#path", Input).value)
        topic = self.query_one("#topic", Input).value
        again = self.query_one("#again", Checkbox).value
        if self.step in (_Step.CHOOSE, _Step.DONE) and not path:
            self._explain("choose a file first")
        elif self.step is _Step.DONE:
            self.dismiss(self._report)
        elif self.step is _Step.CHOOSE:
            self.folder = path[: path.rfind("/") + 1]
            self._enter(_Step.PREVIEW, "Reading…")
            self.post_message(Asked(self, PreviewImport(path, topic, again)))
        elif self.step is _Step.READY:
            self._enter(_Step.RUN, "Importing…")
            self.post_message(Asked(self, Import(path, topic, again)))

    def action_to_files(self) -> None:
        """Go from the path to the list of files."""
        if self.focused is not None and self.focused.id == "path":
            self.query_one("#files").focus()

    @on(Input.Changed)
    @on(Checkbox.Changed)
    def _restart(self, event: Input.Changed | Checkbox.Changed) -> None:
        if self.step in (_Step.READY, _Step.DONE):
            self._enter(_Step.CHOOSE, "Dry run (Enter)")
        if event.control.id == "path":
            self._list_files()

    @on(Input.Submitted)
    def _submit(self, event: Input.Submitted) -> None:
        files = file_choices(event.value) if event.input.id == "path" else []
        if event.input.id == "path" and event.value.endswith("/") and files:
            self.query_one("#files").focus()
        elif self.step is _Step.READY:
            self._explain("press Ctrl+S to import, or Tab to the button and then y; Esc cancels")
        else:
            self.action_go_on()

    @on(RowActivated)
    def _choose_file(self, event: RowActivated) -> None:
        path = self.query_one("#path", Input)
        path.value = str(event.key)
        path.cursor_position = len(path.value)
        path.focus()
        if not path.value.endswith("/"):
            self.action_go_on()

    @on(Button.Pressed)
    def _press(self, event: Button.Pressed) -> None:
        if event.button.id == "go_on":
            self.action_go_on()
        else:
            self.action_leave()

    def key_tab(self) -> None:
        """Complete the path as far as it is the same for all that begin so."""
        path = self.query_one("#path", Input)
        choices = file_choices(path.value) if self.focused is path else []
        if (
            choices
            and (longer := _common([choice.path for choice in choices])) != path.value
            and len(longer) > len(path.value)
        ):
            path.value = longer
            path.cursor_position = len(longer)
        else:
            self.focus_next()

    @on(Progressed)
    def _tell(self, event: Progressed) -> None:
        bar = self.query_one("#progress", ProgressBar)
        bar.update(total=event.total, progress=event.done)
        if isinstance(event.detail, ImportStatus):
            status = event.detail
            left = "" if status.left_s is None else f", {age(status.left_s)} left"
            lines = f"{counted(status.lines, 'line')}, {count(status.rejected)} rejected"
            self._explain(f"{lines}, {rate(status.lines_per_s)}{left} (Esc stops)")

    @on(Answered)
    def _take(self, event: Answered) -> None:
        report = event.value
        if not isinstance(report, ImportReport):
            return
        if isinstance(event.request, PreviewImport):
            self._show(preview_pieces(report))
            self._enter(_Step.READY, "Import (y)")
            # Enter, which led here, must not import.
            self.query_one("#cancel").focus()
        else:
            self._report = report
            self._show(report_pieces(report))
            self._enter(_Step.DONE, "Close (Enter)")
            self.query_one("#go_on").focus()

    @on(RequestFailed)
    def _give_up(self, event: RequestFailed) -> None:
        self._enter(_Step.CHOOSE, "Dry run (Enter)")
        self._explain(event.sentence)

    def _enter(self, step: _Step, label: str) -> None:
        self.step = step
        go_on = self.query_one("#go_on", Button)
        go_on.label = Content(label)
        go_on.refresh(layout=True)
        self.query_one("#cancel").set_class(step is _Step.DONE, "-hidden")
        self.query_one("#progress").set_class(step not in (_Step.PREVIEW, _Step.RUN), "-hidden")
        is_choosing = step in (_Step.CHOOSE, _Step.PREVIEW)
        self.query_one("#files").set_class(not is_choosing, "-hidden")
        if step is _Step.CHOOSE:
            self._show([])
        self._explain("")

    def _list_files(self) -> None:
        typed = self.query_one("#path", Input).value
        choices = file_choices(typed)
        table = self.query_one(KeyedTable)
        nothing = "No file in this folder matches." if typed else "There are no files in this folder."
        table.note = "" if choices else nothing
        table.set_rows(
            (
                one.path,
                (
                    Cell(one.name + "/", Tone.ACCENT) if one.is_folder else one.name,
                    "" if one.is_folder else size(one.size),
                ),
            )
            for one in choices
        )

    def _show(self, pieces: Pieces) -> None:
        safe = ((block(piece), style) for piece, style in pieces)
        self.query_one("#report", Static).update(Content.assemble(*safe))

    def _explain(self, sentence: str) -> None:
        self.query_one("#why", Static).update(block(sentence))


def _common(paths: list[str]) -> str:
    first, last = min(paths), max(paths)
    length = next((at for at, pair in enumerate(zip(first, last, strict=False)) if pair[0] != pair[1]), None)
    return first[: min(len(first), len(last))] if length is None else first[:length]
