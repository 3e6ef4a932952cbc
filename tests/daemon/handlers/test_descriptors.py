"""Descriptors that a worker process cannot do without are missed when they are gone or something else."""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING

import pytest

from smq_core.daemon.containment import descriptors
from smq_core.daemon.containment.descriptors import Descriptors, out_of_the_way

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture
def ours() -> Iterator[int]:
    """Give a socket's descriptor out of the way of others."""
    one, other = socket.socketpair()
    moved = out_of_the_way(one.detach())
    with other:
        yield moved
        os.closerange(moved, moved + 1)


def replace_by_file(descriptor: int) -> None:
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, descriptor)
    os.close(null)


def replace_by_socket(descriptor: int) -> None:
    one, other = socket.socketpair()
    with one, other:
        os.dup2(one.fileno(), descriptor)


def test_a_descriptor_that_is_well_is_not_missed(ours: int) -> None:
    kept = Descriptors()
    kept.keep(ours, "the socket")

    assert kept.lost() is None


@pytest.fixture(params=[True, False], ids=["by marks", "by identity"])
def _marks(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Know them by marks, and as on systems that know no marks."""
    if not request.param:
        monkeypatch.setattr(descriptors, "_SET_MARK", None)


@pytest.mark.usefixtures("_marks")
def test_two_that_were_exchanged_are_missed(ours: int) -> None:
    kept = Descriptors()
    one, other = socket.socketpair()
    with one, other:
        kept.keep(ours, "the socket")
        kept.keep(one.fileno(), "another")
        assert kept.lost() is None
        os.dup2(one.fileno(), ours)

        assert kept.lost() == "the socket"


def test_what_takes_no_mark_is_known_all_the_same() -> None:
    descriptor = os.open("/", os.O_PATH)
    kept = Descriptors()
    kept.keep(descriptor, "a folder")
    assert kept.lost() is None
    replace_by_file(descriptor)
    assert kept.lost() == "a folder"
    os.close(descriptor)
    assert kept.lost() == "a folder"


@pytest.mark.usefixtures("_marks")
@pytest.mark.parametrize("harm", [os.close, replace_by_file, replace_by_socket])
def test_one_that_was_closed_or_replaced_is_missed_by_its_name(
    ours: int, harm: Callable[[int], None]
) -> None:
    kept = Descriptors()
    kept.keep(ours, "the socket")
    harm(ours)

    assert kept.lost() == "the socket"


def test_it_lies_where_loops_that_close_descriptors_do_not_come_and_commands_do_not_inherit_it(
    ours: int,
) -> None:
    assert ours >= 64
    assert not os.get_inheritable(ours)
