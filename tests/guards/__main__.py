"""Takes each guard away and sees that a test fails: `python -m tests.guards [--sample N] [--only TEXT]`."""

from __future__ import annotations

import argparse
import json
import random
import sys
from pathlib import Path

from tests.guards.mutants import all_mutants
from tests.guards.search import Found, record, recorded, search
from tests.guards.trial import bench


def main() -> int:
    """Report of each mutant which test fails, and how many survived."""
    options = _options()
    chosen = [mutant for mutant in all_mutants() if options.only in mutant.name]
    if options.sample:
        chosen = random.Random(options.seed).sample(chosen, min(options.sample, len(chosen)))  # noqa: S311 - no secret
    known = recorded()
    results = []
    with bench() as trials:
        for found in search(trials, chosen, is_near=options.near):
            results.append(found)
            print(f"{found.test or 'SURVIVED'}\t{found.mutant}", flush=True)  # noqa: T201 - its output
        trials.require(found.test for found in results)
    if options.record:
        others = [Found(*pair) for pair in known.items()]
        tried = {found.mutant for found in results}
        there = {mutant.name for mutant in all_mutants()}
        record([*results, *(one for one in others if one.mutant not in tried and one.mutant in there)])
    if options.report:
        options.report.write_text(json.dumps([found._asdict() for found in results]), encoding="utf-8")
    return _summary(results)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.guards", description=__doc__)
    parser.add_argument("--only", default="", help="mutants whose names contain this")
    parser.add_argument("--near", action="store_true", help="ask the nearest tests only")
    parser.add_argument(
        "--sample", type=int, default=0, metavar="N", help="so many of them, chosen by --seed"
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--record", action="store_true", help="keep which tests failed, to ask them first next time"
    )
    parser.add_argument("--report", type=Path, metavar="FILE", help="write the results there, as JSON")
    return parser.parse_args()


def _summary(results: list[Found]) -> int:
    survived = [found for found in results if not found.test]
    speedy = [found for found in results if found.is_for_speed]
    print(  # noqa: T201 - its output
        f"{len(results)} guards dropped: {len(results) - len(survived)} missed by a test, "
        f"of these {len(speedy)} for speed alone; {len(survived)} survived"
    )
    return 1 if survived else 0


if __name__ == "__main__":
    sys.exit(main())
