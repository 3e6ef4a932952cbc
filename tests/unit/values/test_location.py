"""Which database is meant, and what is never taken for one."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from smq_core import Inspector, Queue, UsageError, parse_location
from smq_core.cli.main import run
from smq_core.daemon.main import command as smq_daemon
from smq_core.location import file_named
from smq_core.store import administration
from smq_core.transfer import export_file, import_file, preview_file
from smq_tui.command import command as smq_tui
from tests.cli.program.test_streams import ARGUMENTS

SECRET = "S3cr3t"  # noqa: S105 - that is what it is for
URL = f"postgresql://u:{SECRET}@h/db"
ADDRESSES: list[str | bytes | Path] = [
    URL,
    f"postgres://u:{SECRET}@h:5432/db?sslmode=require",
    f"POSTGRESQL://u:{SECRET}@h/db",
    f"postgresql+psycopg://u:{SECRET}@h/db",
    f"mysql://u:{SECRET}@h/db",
    f"redis://:{SECRET}@h:6379/0",
    f"sqlite:///{SECRET}.db",
    f"jdbc:postgresql://h/db?password={SECRET}",
    f"x://{SECRET}",
    f"  postgresql://u:{SECRET}@h/db",
    f"postgresql://u:{SECRET}@h/db\n",
    f"host=h user=u password={SECRET} dbname=db",
    f"Server=h;Uid=u;Pwd={SECRET};",
    f"u:{SECRET}@h:3306",
    f"//u:{SECRET}@h/db",
    f"postgresql:u:{SECRET}@h",
    f":{SECRET}@h",
    f"postgresql://u:{SECRET}@h/db".encode(),
    Path(f"postgresql://u:{SECRET}@h/db"),
]
FILES = [
    "queue.sqlite3",
    "/a/b:c/d",
    "./postgresql://h",
    "a b://c",
    "c:/queue",
    "a:b",
    "./a:b@c",
    "/a/b:c@d",
    "a@b:c",
    "of-password=x",
    ":memory",
]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Be in a folder in which nothing may be made."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("address", ADDRESSES)
def test_an_address_is_refused_without_its_password(address: str | bytes | Path, folder: Path) -> None:
    for open_it in (parse_location, Queue, Inspector):
        with pytest.raises(
            UsageError, match="which smq does not support: give the path of a SQLite file"
        ) as refused:
            open_it(address)
        assert SECRET not in str(refused.value)
    assert list(folder.iterdir()) == []


def test_no_queue_is_added_to_an_address() -> None:
    with pytest.raises(UsageError):
        administration(URL).add_to_application()


def test_the_sentence_names_the_scheme() -> None:
    with pytest.raises(UsageError, match=r"^the database is a postgresql\+psycopg:// URL, which smq"):
        parse_location("postgresql+psycopg://u:p@h/db")


@pytest.mark.parametrize("address", [one for one in ADDRESSES if isinstance(one, str)][:4])
def test_an_address_in_the_variable_is_refused(
    address: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIMPLE_MQ_DB", address)
    for open_it in (lambda: parse_location(None), Queue, Inspector, lambda: Inspector("")):
        with pytest.raises(UsageError, match=r"^(SIMPLE_MQ_DB|the database) is a (?i:postgres)") as refused:
            open_it()
        assert SECRET not in str(refused.value)
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("name", FILES)
def test_what_is_no_address_names_a_file(name: str) -> None:
    assert file_named(name) == name


def test_files_are_neither_read_nor_written_for_an_address(folder: Path) -> None:
    address = URL
    for call in (
        lambda: import_file(address, "lines"),
        lambda: preview_file(address, "lines"),
        lambda: export_file(address, "lines", [1]),
    ):
        with pytest.raises(UsageError):
            call()
    assert list(folder.iterdir()) == []


def test_a_backup_goes_to_a_file(location: str, folder: Path) -> None:
    with Queue(location) as queue:
        queue.enqueue("mail", "x")
    before = sorted(folder.iterdir())
    with pytest.raises(UsageError, match="the backup file is a mysql:// URL"):
        list(administration(location).backup(str(ADDRESSES[4])))
    assert sorted(folder.iterdir()) == before


@pytest.mark.parametrize("line", [["--db", URL], ["--config", "smq.toml"], []])
@pytest.mark.parametrize("check", [["--check"], []])
def test_the_daemon_refuses_an_address(
    line: list[str], check: list[str], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "smq.toml").write_text(f'db = "{URL}"\n')
    if not line:
        monkeypatch.setenv("SIMPLE_MQ_DB", URL)

    ended = CliRunner().invoke(smq_daemon, [*line, *check, "--exec", "mail=true"])

    assert ended.exit_code == 2
    assert "is a postgresql:// URL" in ended.output
    assert SECRET not in ended.output
    assert [one.name for one in folder.iterdir()] == ["smq.toml"]


@pytest.mark.parametrize("name", ARGUMENTS)
def test_every_command_refuses_an_address(
    name: str, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "lines.jsonl").write_text("{}\n")
    monkeypatch.setenv("SIMPLE_MQ_DB", URL)

    code = run([name, *(one.format(folder=folder) for one in ARGUMENTS[name])])

    printed = capsys.readouterr()
    assert (code, printed.out) == (2, "")
    assert printed.err.startswith("smq: SIMPLE_MQ_DB is a postgresql:// URL")
    assert SECRET not in printed.err
    assert [one.name for one in folder.iterdir()] == ["lines.jsonl"]


@pytest.mark.parametrize("line", [["--db", URL], [URL], [URL, "--db", "x"], []])
def test_the_dashboard_refuses_an_address(
    line: list[str], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(folder))
    if not line:
        monkeypatch.setenv("SIMPLE_MQ_DB", URL)

    ended = CliRunner().invoke(smq_tui, line)

    assert ended.exit_code == 2
    assert "is a postgresql:// URL" in ended.output
    assert SECRET not in ended.output
    assert list(folder.iterdir()) == []


def test_the_dashboards_configuration_refuses_an_address(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("smq_tui.command.config_path", lambda: folder / "dashboard.toml")
    (folder / "dashboard.toml").write_text(f'[databases.shop]\npath = "{URL}"\n')

    ended = CliRunner().invoke(smq_tui, ["shop"])

    assert ended.exit_code == 2
    assert "dashboard.toml: databases.shop is a postgresql:// URL" in " ".join(ended.output.split())
    assert SECRET not in ended.output


def test_a_place_has_what_opens_it_and_its_name_and_opens_nothing(folder: Path) -> None:
    (folder / "real").mkdir()
    (folder / "link").symlink_to("real")

    place = parse_location("link/queue")

    assert (place.address, place.name) == (str(folder / "real" / "queue"), str(folder / "link" / "queue"))
    assert place.describe() == f"the SQLite database {place.name}"
    assert not place.exists()
    with Queue(place) as queue:
        queue.enqueue("mail", 1)
        assert (queue.location, queue.name) == (place.address, place.name)
    assert place.exists()
    with Inspector(place) as inspector:
        assert (inspector.location, inspector.name) == (place.address, place.name)
