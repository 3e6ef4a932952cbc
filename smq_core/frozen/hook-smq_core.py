"""Takes the files beside the modules into a frozen program: they are read when a database is opened."""

from __future__ import annotations

from PyInstaller.utils.hooks import (  # type: ignore[import-untyped]  # there when a program is frozen
    collect_data_files,
    copy_metadata,
)

__all__ = ["datas"]

datas = [*collect_data_files("smq_core"), *copy_metadata("simple-local-mq")]
