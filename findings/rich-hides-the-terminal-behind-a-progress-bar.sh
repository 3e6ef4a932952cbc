#!/bin/sh
# rich 14.2.0 and 15.0.0: is standard output a terminal while a progress bar is shown? Expected: the same answer as before
# and after it. Seen: with 14.2.0 sys.stdout.isatty() is False inside `with Progress():` on a terminal (sys.stdout is rich's
# own proxy then), with 15.0.0 True. A program that escapes control characters for terminals only, and asks when it writes,
# writes them raw with the one and not with the other: ask before the bar is shown.
set -eu
folder=$(mktemp -d) && trap 'rm -rf "$folder"' EXIT && cd "$folder"
python3 -m venv venv
cat >inside.py <<'END'
import sys
from rich.progress import Progress

before = sys.stdout.isatty()
with Progress() as progress:
    progress.add_task("work")
    inside = sys.stdout.isatty()
open("said", "w").write(f"before {before}, inside {inside}")
END
cat >look.py <<'END'
import os, pty, sys

pid, descriptor = pty.fork()
if pid == 0:
    os.execv(sys.executable, [sys.executable, "inside.py"])
try:
    while os.read(descriptor, 4096):
        pass
except OSError:
    pass
os.waitpid(pid, 0)
said = open("said").read()
print("rich", sys.argv[1] + ":", said)
assert said == sys.argv[2], "it has changed"
END
venv/bin/pip install --quiet rich==14.2.0
venv/bin/python look.py 14.2.0 "before True, inside False"
venv/bin/pip install --quiet rich==15.0.0
venv/bin/python look.py 15.0.0 "before True, inside True"
