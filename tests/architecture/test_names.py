"""A name says something, and stands for one idea."""

from __future__ import annotations

import ast
from collections import defaultdict

from tests.architecture.source import FOLDERS, PACKAGES, source_files

NAMES_THAT_SAY_NOTHING = {"manager", "utils", "util", "helpers", "helper", "common", "misc", "base_utils"}
ONE_IDEA = {"ConfigError"}
"""Classes of two programs that are the same idea in each."""


def test_no_module_has_a_name_that_says_nothing() -> None:
    assert [
        file.path
        for file in source_files(*FOLDERS)
        if file.path.split("/")[-1][:-3] in NAMES_THAT_SAY_NOTHING
    ] == []


def test_no_two_classes_of_the_packages_have_one_name() -> None:
    places: defaultdict[str, list[str]] = defaultdict(list)
    for file in source_files(*PACKAGES):
        for node in file.tree.body:
            if isinstance(node, ast.ClassDef):
                places[node.name].append(file.path)

    assert {name: found for name, found in places.items() if len(found) > 1 and name not in ONE_IDEA} == {}
