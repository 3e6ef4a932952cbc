from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from smq_core.daemon.configuration.config import (
    ConfigError,
    DaemonConfig,
    HandlerTable,
    handler_specs,
    read_config,
)

if TYPE_CHECKING:
    from pathlib import Path


def read(folder: Path, text: str) -> DaemonConfig:
    path = folder / "smq.toml"
    path.write_text(text)
    return read_config(path)


def test_durations_and_sizes_are_read_with_their_units(tmp_path: Path) -> None:
    config = read(tmp_path, 'lease = "1m30s"\ngrace = 5\nmemory_limit = "512MiB"')

    assert (config.lease, config.grace, config.memory_limit) == (90.0, 5.0, 512 * 2**20)


def test_a_command_is_split_as_a_shell_would_and_given_to_none(tmp_path: Path) -> None:
    config = read(tmp_path, '[[handler]]\ntopic = "t"\ncommand = "send --to \'a b\' $HOME"')

    assert handler_specs(config)[0].command == ("send", "--to", "a b", "$HOME")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("processez = 2", "unknown key processez"),
        ('[[handler]]\ntopic = "t"\nrun = "a:b"\ntimeot = 3', r"unknown key handler\[0\].timeot"),
        ('[[handler]]\nrun = "a:b"', r"handler\[0\] has no topic"),
        ('threads = "many"', "threads: expected `int`, got `str`"),
        ('lease = "1 moon"', "lease: '1 moon' is not a duration"),
        ('memory_limit = "1 box"', "memory_limit: expected a number of bytes"),
        ("threads = 0", "threads is 0: expected 1 or more"),
        ("lease = 0.5", "lease is 0.5 s"),
        ('[[handler]]\ntopic = "t"', r"handler\[0\] \(t\): expected either run or command"),
        ('[[handler]]\ntopic = "t"\nrun = "a:b"\ncommand = "c"', "expected either run or command"),
        ('[[handler]]\ntopic = "a=b"\nrun = "a:b"', r"handler\[0\].topic: topic 'a=b'"),
        (
            '[[handler]]\ntopic = "t"\nrun = "a:b"\n[[handler]]\ntopic = "t"\nrun = "c:d"',
            "t already has a handler",
        ),
        ('[[handler]]\ntopic = "t"\ncommand = "sh \'"', r"handler\[0\].command: No closing quotation"),
        ('[[alert]]\nname = "a"\ncommand = "c"', r"alert\[0\] \(a\): expected one of oldest_over"),
        ("processes = 100\nthreads = 100", "processes times threads"),
        ("processes =", "is not valid TOML"),
        ("grace = nan", "grace: expected a number of seconds"),
        ("grace = -1", "grace: expected a number of seconds"),
        ("lease = inf", "lease: expected a number of seconds"),
        ('lease = "2d"', "lease is 172800 s: expected between 1 s and 24 h"),
        ("memory_limit = -1", "memory_limit: expected a number of bytes"),
        ("metrics_port = 70000", "metrics_port is 70000: expected a port"),
        ('[[handler]]\ntopic = "t"\nrun = "a:b"\ntimeout = -1', r"handler\[0\].timeout: expected a number"),
        ('[[handler]]\ntopic = "t"\nrun = "a:b"\nlimit = -1', "limit must not be negative"),
        (
            '[[alert]]\nname = "a"\ndisk_over = 95\ncommand = "c"',
            r"alert\[0\].disk_over is 95: expected a fraction",
        ),
        (
            '[[alert]]\nname = "a"\ndead_over = 1\ncommand = "c"\n' * 2,
            r"alert\[1\]: the alert a is already defined",
        ),
    ],
)
def test_a_mistake_is_named_by_its_key(tmp_path: Path, text: str, why: str) -> None:
    with pytest.raises(ConfigError, match=why):
        read(tmp_path, text)


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot read"):
        read_config(tmp_path / "none.toml")


def test_arguments_that_are_no_utf_8_are_refused() -> None:
    """They would reach no worker process: the daemon got them as the system has them, escaped."""
    for table in (
        HandlerTable(topic="t", command=["cat", "\udcff"]),
        HandlerTable(topic="t", run="module:f\udcff"),
    ):
        with pytest.raises(ConfigError, match="expected"):
            handler_specs(DaemonConfig(handler=[table]))
