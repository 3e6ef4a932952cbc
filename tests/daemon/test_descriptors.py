"""Descriptors that a worker process cannot do without are missed when they are gone or something else."""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING

import pytest

from smq_core.daemon.descriptors import Descriptors, out_of_the_way

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
