#!/bin/sh
# msgspec 0.22.0: how deep JSON may be nested. Expected: a number of msgspec's own, as other parsers have. Seen: it is what
# the interpreter counts for C code, which each Python does differently: on 3.11 some 1,000 levels less those of the
# caller's own stack (so that one function decodes what another cannot), on 3.12 some 1,500 and on 3.13 some 10,000,
# however deep the caller stands. What one machine accepted and stored may be a RecursionError on another: a program that
# keeps JSON needs a limit of its own. Looks at those of the three Pythons that are there.
set -eu
folder=$(mktemp -d) && trap 'rm -rf "$folder"' EXIT && cd "$folder"
cat >look.py <<'END'
import sys
import msgspec

def deepest():
    low, high = 1, 100_000
    while low < high:
        middle = (low + high + 1) // 2
        try:
            msgspec.json.decode(b"[" * middle + b"]" * middle)
            low = middle
        except RecursionError:
            high = middle - 1
    return low

def below(frames):
    return deepest() if frames == 0 else below(frames - 1)

shallow, deep = deepest(), below(500)
print("%d.%d:" % sys.version_info[:2], shallow, "levels;", deep, "from 500 calls deeper")
expected = {(3, 11): (range(950, 1_000), range(450, 500)), (3, 12): (range(1_450, 1_550),) * 2, (3, 13): (range(9_900, 10_100),) * 2}
assert (shallow in expected[sys.version_info[:2]][0]) and (deep in expected[sys.version_info[:2]][1]), "it has changed"
END
looked=0
for minor in 11 12 13; do
    kept=$(if command -v pyenv >/dev/null 2>&1; then ls "$(pyenv root)"/versions/*/bin/python3.$minor 2>/dev/null || true; fi)
    for python in "python3.$minor" $kept; do
        if "$python" -c 'import venv' 2>/dev/null; then
            "$python" -m venv "venv$minor" && "venv$minor/bin/pip" install --quiet msgspec==0.22.0
            "venv$minor/bin/python" look.py
            looked=1
            break
        fi
    done
done
test $looked = 1
