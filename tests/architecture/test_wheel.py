"""The wheel holds everything that the packages need at run time, and asks for no more than it must."""

from __future__ import annotations

import configparser
import subprocess
import sys
import zipfile
from email.parser import Parser
from typing import TYPE_CHECKING

import pytest

from tests.architecture.source import PACKAGES, ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[zipfile.ZipFile]:
    """Build the wheel of the project as it stands."""
    folder: Path = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    subprocess.run(command, cwd=ROOT, capture_output=True, check=True, timeout=60)
    with zipfile.ZipFile(next(folder.glob("*.whl"))) as built:
        yield built


def test_every_file_of_the_packages_is_in_the_wheel_and_nothing_else(wheel: zipfile.ZipFile) -> None:
    paths = [path for package in PACKAGES for path in (ROOT / package).rglob("*")]
    files = {path.relative_to(ROOT).as_posix() for path in paths if path.is_file() and path.suffix != ".pyc"}

    assert {name for name in wheel.namelist() if ".dist-info/" not in name} == files


def test_the_packages_declare_their_types(wheel: zipfile.ZipFile) -> None:
    assert {f"{package}/py.typed" for package in PACKAGES} <= set(wheel.namelist())


def test_the_statements_are_in_the_wheel(wheel: zipfile.ZipFile) -> None:
    assert any(name.startswith("smq_core/") and name.endswith(".sql") for name in wheel.namelist())


def test_a_program_that_embeds_the_queue_gets_two_libraries(wheel: zipfile.ZipFile) -> None:
    requirements = Parser().parsestr(_text(wheel, "METADATA")).get_all("Requires-Dist", [])
    names = {requirement.split(">")[0] for requirement in requirements if "extra ==" not in requirement}

    assert names == {"apsw", "msgspec"}


def test_three_commands_are_installed(wheel: zipfile.ZipFile) -> None:
    points = configparser.ConfigParser()
    points.read_string(_text(wheel, "entry_points.txt"))
    commands = list(points["console_scripts"])

    assert commands == ["smq", "smq-daemon", "smq-tui"]


def _text(wheel: zipfile.ZipFile, name: str) -> str:
    return wheel.read(next(path for path in wheel.namelist() if path.endswith(f".dist-info/{name}"))).decode()
