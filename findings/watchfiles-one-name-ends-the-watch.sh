#!/bin/sh
# watchfiles 1.3.0 (Linux, Python 3.11): one file whose name is not UTF-8, dropped into a watched folder, ends the watch of
# all others. Expected: the change is left out, or its name comes with surrogate escapes, as from os.listdir().
# Seen: watch() raises WatchfilesRustInternalError, a RuntimeError, "Unable to decode path …", and what is dropped later
# is seen by nobody. Whoever watches a folder that others write to has to catch it and to start again.
set -eu
folder=$(mktemp -d) && trap 'rm -rf "$folder"' EXIT && cd "$folder"
python3 -m venv venv && venv/bin/pip install --quiet watchfiles==1.3.0
mkdir watched
cat >look.py <<'END'
import os, threading
from watchfiles import watch

names = [b"plain.txt", b"caf\xe9.txt", b"after.txt"]
stop, seen = threading.Event(), []

def drop():
    for name in names:
        threading.Event().wait(1)
        open(os.path.join(b"watched", name), "w").close()
    threading.Event().wait(3)
    stop.set()

threading.Thread(target=drop).start()
try:
    for changes in watch("watched", stop_event=stop):
        seen += [os.path.basename(path) for _, path in changes]
    ended = "by itself"
except Exception as error:
    ended = f"{type(error).__name__} ({type(error).__mro__[1].__name__}): {str(error).split(' ')[:3]}"
print("seen", seen, "- ended", ended)
assert seen == ["plain.txt"] and ended.startswith("WatchfilesRustInternalError (RuntimeError): ['Unable',"), "it has changed"
END
venv/bin/python look.py
