"""What importing a handler can do, and the sentence that comes of it."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from smq_core.daemon.worker_process.handler_loading import HandlerError, load

if TYPE_CHECKING:
    from collections.abc import Iterator

NOWHERE = Path("/nowhere")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Give a folder whose modules are found first, and forgotten after the test."""
    monkeypatch.syspath_prepend(tmp_path)
    before = dict(sys.modules)
    yield tmp_path
    for name in sys.modules.keys() - before.keys():
        del sys.modules[name]


def refusal(folder: Path, code: str, name: str = "broken") -> str:
    (folder / f"{name}.py").write_text(code)
    with pytest.raises(HandlerError) as raised:
        load(f"{name}:handle", folder)
    return str(raised.value)


def test_a_function_inside_a_class_is_found() -> None:
    assert load("pathlib:Path.exists", NOWHERE).__name__ == "exists"


@pytest.mark.parametrize(
    ("target", "why"),
    [
        ("json", "expected package.module:function"),
        (
            "no_such_module_here:handle",
            "No module named 'no_such_module_here'; modules are searched for in /nowhere",
        ),
        ("json:no_such_function", "json has no no_such_function"),
        ("json:__doc__", "is a str, not a function"),
        ("os:fork", "must accept one argument"),
    ],
)
def test_what_is_wrong_with_a_handler_is_told(target: str, why: str) -> None:
    with pytest.raises(HandlerError, match=why):
        load(target, NOWHERE)


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("1 / 0", "ZeroDivisionError"),
        ("raise SystemExit(3)", "made the process exit"),
        (
            "import argparse; argparse.ArgumentParser().parse_args(['--no-such'])",
            "made the process exit",
        ),
        ("raise KeyboardInterrupt", "KeyboardInterrupt"),
        ("raise GeneratorExit", "GeneratorExit"),
        ("class Odd(BaseException): pass\nraise Odd('odd')", "Odd: odd"),
        ("class Mute(Exception):\n  def __str__(self): 1 / 0\nraise Mute", "Mute"),
        ("class Mute(ImportError):\n  def __str__(self): 1 / 0\nraise Mute", "Mute"),
        ("class Mute(ModuleNotFoundError):\n  def __str__(self): 1 / 0\nraise Mute", "str\\(\\) failed"),
        ("raise ValueError('\\udcff')", "udcff"),
        ("def f(): f()\nf()", "RecursionError"),
        ("def __getattr__(name): raise RuntimeError('no ' + name)", "RuntimeError: no handle"),
        (
            "class Handle:\n  __signature__ = 1\n  def __call__(self, m): pass\nhandle = Handle()",
            "Handle|signature",
        ),
        ("def handle(", "SyntaxError"),
        ("import no_such_module_here", "No module named 'no_such_module_here'"),
    ],
)
def test_whatever_a_module_raises_becomes_a_sentence_that_can_be_sent(
    folder: Path, code: str, why: str
) -> None:
    sentence = refusal(folder, code)

    assert "handler 'broken:handle'" in sentence
    assert re.search(why, sentence)
    assert sentence.encode()


def test_a_sentence_does_not_grow_with_what_an_exception_quotes(folder: Path) -> None:
    assert len(refusal(folder, "raise ValueError('x' * 10_000_000)")) < 10_000


def test_a_module_that_one_of_pythons_hides_is_pointed_out(folder: Path) -> None:
    sentence = refusal(folder, "def handle(message): ...", name="queue")

    assert "queue has no handle" in sentence
    assert f"{folder}/queue.py is hidden by a module of the same name that Python uses" in sentence


def test_a_package_that_one_of_the_daemons_hides_is_pointed_out(folder: Path) -> None:
    (folder / "msgspec").mkdir()
    (folder / "msgspec" / "__init__.py").write_text("")
    with pytest.raises(
        HandlerError, match=r"__init__\.py is hidden by a module of the same name that the daemon"
    ):
        load("msgspec:handle", folder)


def test_a_module_that_hides_one_of_pythons_is_pointed_out(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker process needs no csv itself: there the folder's comes first, as in any program."""
    monkeypatch.delitem(sys.modules, "csv", raising=False)
    (folder / "csv.py").write_text("")
    sentence = refusal(folder, "import csv\ncsv.reader")

    assert "AttributeError" in sentence
    assert f"csv.py in {folder} has the same name as a Python module and hides it" in sentence


def test_a_module_of_ones_own_name_is_not_suspected(folder: Path) -> None:
    assert "rename" not in refusal(folder, "1 / 0")
