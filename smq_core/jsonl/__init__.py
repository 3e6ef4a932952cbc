"""Imports JSONL, each line exactly once, and exports it; these are the names that other parts of smq use.

source           opens what is imported: a file, a pipe or standard input, compressed or not
reader           reads it in blocks of whole lines
array            recognises a file that is one JSON array
line             one line as a message, or why it is none. Pure
envelope         the fields that JSONL wraps a message in. Pure

importing        imports lines, each block in one transaction with its progress
start            where an import begins
run              one run of an import, block by block
import_recorder  writes messages, progress and rejects
rejects          the lines that cannot be imported
report           what an import did or would do, as values

exporting        writes messages as JSONL
salvaging        writes what can be read of a damaged database
"""

from smq_core.jsonl.exporting import Exported, ExportOptions, export_ids, export_lines
from smq_core.jsonl.importing import ImportOptions, import_lines, preview_lines
from smq_core.jsonl.report import ImportReport, ImportStatus
from smq_core.jsonl.salvaging import salvage_lines
from smq_core.jsonl.source import STANDARD_INPUT, DamagedSourceError, Source

__all__ = [
    "STANDARD_INPUT",
    "DamagedSourceError",
    "ExportOptions",
    "Exported",
    "ImportOptions",
    "ImportReport",
    "ImportStatus",
    "Source",
    "export_ids",
    "export_lines",
    "import_lines",
    "preview_lines",
    "salvage_lines",
]
