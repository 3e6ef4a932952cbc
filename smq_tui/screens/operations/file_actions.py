"""Imports messages from a file, and exports them to one."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from smq_core.format import count, counted
from smq_core.safe_text import cell
from smq_tui.dialogs.fields import Field, Fields
from smq_tui.dialogs.import_wizard import ImportWizard
from smq_tui.requests import Export
from smq_tui.screens.host import ignore
from smq_tui.screens.undo_stack import UndoEntry
from smq_tui.screens.views.messages_view import MessagesView
from smq_tui.settings.user_path import expand_user
from smq_tui.values import Exported

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from smq_tui.dialogs.form_dialog import FormDialog
    from smq_tui.requests import ActionTarget
    from smq_tui.screens.host import Host
    from smq_tui.screens.operations.targeting import Targeting
    from smq_tui.screens.operations.undo import UndoHistory
    from smq_tui.values import ImportReport

__all__ = ["FileActions"]


class FileActions:
    """Import and export."""

    def __init__(self, host: Host, targeting: Targeting, history: UndoHistory) -> None:
        self._host = host
        self._targeting = targeting
        self._history = history
        self._import_folder = ""
        """Where the last file was that was imported."""
        self.actions: Mapping[str, Callable[[], object]] = {"import": self.open_import, "export": self.export}

    def open_import(self) -> None:
        """Open the wizard."""
        view = self._host.view
        topic = view.filtered_by.topic if isinstance(view, MessagesView) else None
        wizard = ImportWizard(self._import_folder, topic or "default")

        def take(report: ImportReport | None) -> None:
            self._import_folder = wizard.folder
            self._report_import(report)

        self._host.open(wizard, take)

    def export(self) -> None:
        """Ask for a file, and write what is meant there."""
        self._targeting.fix("export", self._ask_for_file)

    def _ask_for_file(self, target: ActionTarget) -> None:
        if not target.count:
            self._host.say("there is nothing to export", "warning")
            return
        topic = target.topics[0] if len(target.topics) == 1 else "messages"
        safe_name = "".join(letter if letter.isalnum() or letter in "-_." else "_" for letter in topic)
        path_field = Field("path", f"File for {counted(target.count, 'message')}", f"{safe_name}.jsonl")

        def save(form: FormDialog[Mapping[str, str]], values: Mapping[str, str]) -> None:
            self._export(Export(target, expand_user(values["path"])), form)

        fields = Fields("Export to JSONL", (path_field,), "Export (Enter)", check=_check_new_file, save=save)
        self._host.open(fields, ignore)

    def _export(self, request: Export, form: FormDialog[Mapping[str, str]]) -> None:
        def report(exported: Exported) -> None:
            form.close()
            self._history.announce(_wrote(exported, request.path), is_partial=bool(exported.gone))

        def show(written: int, total: int | None) -> None:
            progress = f"{count(written)} of {counted(total or 0, 'message')} written"
            form.show_progress(progress, self._host.withdraw)

        failed = partial(self._history.return_to, form)
        self._host.ask(request, Exported, report, failed=failed, progressed=show)

    def _report_import(self, report: ImportReport | None) -> None:
        if report is not None and report.taken:
            what = f"import of {counted(report.taken, 'message')}"
            why_not = (
                "delete the added messages (press 2, set a filter, then press * and D); "
                "press 6 for earlier actions"
            )
            by, at = self._host.session.actor, self._host.context.now
            added = f"{counted(report.taken, 'message')} added, {count(report.rejected)} rejected"
            entry = UndoEntry(what=what, by=by, at=at, why_not=why_not)
            self._history.announce(f"{added}; an import cannot be undone", entry)


def _wrote(exported: Exported, path: str) -> str:
    """Report what was written, and what could not be as it was gone."""
    gone = (
        f"; {count(exported.gone)} no longer existed: processed or purged in the meantime"
        if exported.gone
        else ""
    )
    return f"wrote {counted(exported.written, 'message')} to {cell(str(Path(path).absolute()), 200)}{gone}"


def _check_new_file(values: Mapping[str, str]) -> str | None:
    if not values["path"].strip():
        return "a file name is required"
    path = expand_user(values["path"])
    folder = os.path.dirname(path) or os.curdir  # noqa: PTH120 - pathlib raises for names that are too long
    if os.path.lexists(path):
        return f"{path} already exists and is not overwritten: choose another name"
    return None if os.path.isdir(folder) else f"there is no folder {folder}"  # noqa: PTH112 - as above
