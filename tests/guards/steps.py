"""The steps of the code that guard something and can be switched off, each by one replacement."""

from __future__ import annotations

from typing import NamedTuple

SQL = "smq_core/store/sqlite"
SIGHTS = f"{SQL}/operators/recheck.py"
COMMANDS = "smq_core/cli"
PRINTER = f"{COMMANDS}/output.py"
JOURNAL = "smq_core/daemon/log.py"


class Step(NamedTuple):
    """A step of the code that can be switched off."""

    name: str
    file: str
    code: str
    instead: str


STEPS = (
    Step("the flush", f"{SQL}/wal/wal_file.py", "os.fdatasync(descriptor)", "os.fstat(descriptor)"),
    Step(
        "the write lock", f"{SQL}/wal/write_lock.py", "flock(self._wal.descriptor, LOCK_EX | LOCK_NB)", "pass"
    ),
    Step(
        "the safe text of one line of ASCII",
        "smq_core/safe_text.py",
        "return text if text.isprintable() else text.translate(_CELL)",
        "return text",
    ),
    Step(
        "the safe text of all other",
        "smq_core/safe_text.py",
        'return _EMOJI_FORM.sub("", text).translate(table)',
        "return text",
    ),
    Step("the safe text of a printed line", PRINTER, "stdout.write(cell(text)", "stdout.write(str(text)"),
    Step("the safe text of printed lines", PRINTER, "stdout.write(block(text)", "stdout.write(str(text)"),
    Step("the safe text of complaints", PRINTER, "stderr.write(block(text)", "stderr.write(str(text)"),
    Step("the safe text of tables", PRINTER, "[cell(value) for value in row]", "[*row]"),
    Step(
        "the safe text of headers",
        f"{COMMANDS}/described.py",
        "{cell(header)}: {cell(text)}",
        "{header}: {text}",
    ),
    Step("the safe text of a log line", JOURNAL, "{action}: {cell(text)}{tail}", "{action}: {text}{tail}"),
    Step("the safe text of a log record", JOURNAL, '"text": cell(text)', '"text": text'),
    Step("the safe text of a log's fields", JOURNAL, "cell(value) if isinstance", "value if isinstance"),
    Step("the safe text of a check", "smq_core/daemon/main.py", "cell(finding.text)", "finding.text"),
    Step("the state in which it was seen", SIGHTS, "if self.status != state:", "if not self.status:"),
    Step("the deliveries with which it was seen", SIGHTS, "self.deliveries != sight.deliveries", "0"),
    Step("the operation with which it was seen", SIGHTS, "self.operation != sight.operation", "not self.id"),
    Step("what was selected, looked at again", SIGHTS, "elif one not in matching:", "elif not matching:"),
    Step(
        "the frozen set of an action",
        f"{SQL}/operators/freeze.py",
        "if selection.frozen is not None:\n            return selection\n",
        "selection = msgspec.structs.replace(selection, frozen=None)\n",
    ),
    Step(
        "the import's progress row",
        f"{SQL}/queue/imports.py",
        "db.execute(_BEGIN if progress.id is None else _CONTINUE, values)",
        "del values",
    ),
)
