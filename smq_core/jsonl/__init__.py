"""JSONL in and out: import, exactly once, and export; what other parts of smq use of it is named here."""

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
