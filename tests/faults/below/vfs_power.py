"""A disk whose power may fail: knows what of a folder is on it for certain, and what may be.

It is an observer of the calls below SQLite. A file's bytes are certain after a sync of the file, its name
after one of the folder; the rest may be there or not, in any order, torn at sectors. It judges nothing.
"""

from __future__ import annotations

import errno
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import random
    from collections.abc import Iterator

    from tests.faults.below.vfs import Call

Image = dict[str, bytes]
"""A folder after the power failed: names and bytes."""
SECTOR: Final = 512


@dataclass
class _Effect:
    """A write, or a truncation (no data)."""

    offset: int
    data: bytes | None
    is_lost: bool = False
    """The system could not write it, and calls it written all the same: a later sync does not help."""


@dataclass
class _File:
    certain: bytearray = field(default_factory=bytearray)
    pending: list[_Effect] = field(default_factory=list)
    is_observed: bool = False
    """Written below SQLite; else what stands in the file has to be read from it."""


class Disk:
    """What of a folder's files is on the disk."""

    def __init__(self, folder: Path) -> None:
        """Begin with all that lies in the folder as certain."""
        self._folder = folder
        self._files: dict[int, _File] = {}
        self._names: dict[str, int] = {}
        for name, inode in self._look().items():
            self._files[inode] = _File(bytearray((folder / name).read_bytes()))
            self._names[name] = inode
        self._certain_names = self._as_files()
        self._pending_names: list[tuple[str, _File | None]] = []
        self.flushes_to_fail = 0
        """How many of our next flushes fail, and lose what was to be flushed."""
        self.failed = 0

    def __call__(self, call: Call) -> None:
        """Take note of a call before it is made."""
        if not call.path.startswith(str(self._folder)) or call.path.endswith("-shm"):
            return
        self._follow_names()
        if call.kind == "sync folder":
            self._certain_names, self._pending_names = self._as_files(), []
            return
        file = self._file(call.path)
        if file is None:
            return
        if call.kind == "write":
            file.is_observed = True
            file.pending.append(_Effect(call.offset, call.data))
        elif call.kind == "truncate":
            file.pending.append(_Effect(call.offset, None))
        elif call.kind == "sync":
            self._sync(file, call)

    def image(self, chance: random.Random) -> Image:
        """Return a folder that may be found if the power fails now."""
        self._follow_names()
        names = dict(self._certain_names)
        kept = chance.choice((0.0, 0.5, 0.9, 1.0))
        names |= {name: file for name, file in self._pending_names if chance.random() < kept}
        share = chance.choice((0.0, 0.1, 0.5, 0.9, 0.98))
        return {
            name: self._content(name, file, chance, share) for name, file in names.items() if file is not None
        }

    def least(self) -> Image:
        """Return the folder that has nothing but what is certain now."""
        self._follow_names()
        return {name: bytes(file.certain) for name, file in self._certain_names.items() if file is not None}

    @property
    def has_doubts(self) -> bool:
        """Return whether anything could be missing or torn if the power failed now."""
        return bool(self._pending_names) or any(file.pending for file in self._files.values())

    def _sync(self, file: _File, call: Call) -> None:
        if call.is_ours and self.flushes_to_fail:
            self.flushes_to_fail -= 1
            self.failed += 1
            for effect in file.pending:
                effect.is_lost = True
            raise OSError(errno.EIO, os.strerror(errno.EIO), call.path)
        if not file.is_observed:
            file.certain = bytearray(Path(call.path).read_bytes())
        lost: list[_Effect] = []
        for effect in file.pending:
            if effect.is_lost:
                lost.append(effect)
            else:
                _apply(file.certain, effect)
                lost = [part for one in lost for part in _outside(one, effect)]
        file.pending = lost

    def _content(self, name: str, file: _File, chance: random.Random, share: float) -> bytes:
        content = bytearray(file.certain)
        if not file.is_observed:
            real = (self._folder / name).read_bytes() if name in self._names else bytes(content)
            return real[: chance.randint(min(len(content), len(real)), len(real))]
        for effect in file.pending:
            for piece in _pieces(effect):
                if chance.random() < share:
                    _apply(content, piece)
        return bytes(content)

    def _file(self, path: str) -> _File | None:
        inode = self._names.get(os.path.basename(path))  # noqa: PTH119 - at every call
        return None if inode is None else self._files[inode]

    def _follow_names(self) -> None:
        """See which files were made, named again or deleted since, by SQLite or by us."""
        found = self._look()
        if found == self._names:
            return
        for name in self._names.keys() - found.keys():
            self._pending_names.append((name, None))
        for inode in set(self._names.values()) - set(found.values()):
            del self._files[inode]
        for name, inode in found.items():
            if self._names.get(name) != inode:
                file = self._files.setdefault(inode, _File())
                self._pending_names.append((name, file))
        self._names = found

    def _as_files(self) -> dict[str, _File | None]:
        return {name: self._files[inode] for name, inode in self._names.items()}

    def _look(self) -> dict[str, int]:
        with os.scandir(self._folder) as entries:
            return {entry.name: entry.inode() for entry in entries if not entry.name.endswith("-shm")}


def lay(image: Image, folder: Path) -> None:
    """Write a folder as it was found."""
    folder.mkdir()
    for name, content in image.items():
        (folder / name).write_bytes(content)


def _pieces(effect: _Effect) -> Iterator[_Effect]:
    """Cut a write at the borders of sectors."""
    if effect.data is None:
        yield effect
        return
    start, end = effect.offset, effect.offset + len(effect.data)
    while start < end:
        stop = min((start // SECTOR + 1) * SECTOR, end)
        yield _Effect(start, effect.data[start - effect.offset : stop - effect.offset])
        start = stop


def _outside(lost: _Effect, later: _Effect) -> Iterator[_Effect]:
    """Return what of a lost write was not written over, or cut off, by a later one."""
    start, data = lost.offset, lost.data
    if data is None:
        return
    covered_from = later.offset
    covered_to = start + len(data) if later.data is None else later.offset + len(later.data)
    if before := data[: max(0, covered_from - start)]:
        yield _Effect(start, before, is_lost=True)
    if after := data[max(0, covered_to - start) :]:
        yield _Effect(max(start, covered_to), after, is_lost=True)


def _apply(content: bytearray, effect: _Effect) -> None:
    if effect.data is None:
        del content[effect.offset :]
        content.extend(bytes(effect.offset - len(content)))
        return
    content.extend(bytes(max(0, effect.offset - len(content))))
    content[effect.offset : effect.offset + len(effect.data)] = effect.data
