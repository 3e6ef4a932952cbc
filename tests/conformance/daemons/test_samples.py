"""The figures that daemons record for rates and charts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smq_core.store.records import Sample

if TYPE_CHECKING:
    from smq_core.store.base import Store


def test_samples_are_kept_by_step_as_long_as_told(store: Store) -> None:
    for at in (1000, 2000, 3000):
        store.add_samples([Sample(at, "t", at, 0, 0)], 1000, 0)
    store.add_samples([Sample(1000, "t", 9, 0, 0)], 5000, 0)

    store.add_samples([Sample(4000, "t", 4000, 0, 0)], 1000, 2500)

    assert [one.at for one in store.samples(1000, 0)] == [3000, 4000]
    assert [one.entered for one in store.samples(5000, 0)] == [9]


def test_of_two_daemons_the_first_sample_counts(store: Store) -> None:
    store.add_samples([Sample(1000, "t", 1, 0, 0)], 1000, 0)
    store.add_samples([Sample(1000, "t", 2, 0, 0)], 1000, 0)

    assert [one.entered for one in store.samples(1000, 0, "t")] == [1]
