#!/bin/sh
# watchfiles 1.3.0 (Linux): the system's inotify watches are used up. Expected: an OSError with errno ENOSPC, which is what
# inotify_add_watch() gives and what programs test for. Seen: an OSError, but of one argument: its errno is None, and the cause
# stands only in the text ("OS file watch limit reached"). A folder that is not there is a FileNotFoundError whose errno is
# None too. `if error.errno == errno.ENOSPC` is never true, and os.strerror(error.errno) is a TypeError in the handler.
# The limit is set within a user namespace of the script's own; nothing else on the machine notices.
set -eu
folder=$(mktemp -d) && trap 'rm -rf "$folder"' EXIT && cd "$folder"
python3 -m venv venv && venv/bin/pip install --quiet --disable-pip-version-check watchfiles==1.3.0
cat >look.py <<'END'
import errno, os, threading
from watchfiles import watch

open("/proc/sys/user/max_inotify_watches", "w").write("10")
for number in range(50):
    os.makedirs(f"watched/{number}")

def refused(folder):
    stop = threading.Event()
    stop.set()
    try:
        for _ in watch(folder, stop_event=stop):
            pass
    except OSError as error:
        return type(error).__name__, error.errno, str(error).split(".")[0]

many, missing = refused("watched"), refused("missing")
print("used up:", many, "(ENOSPC is", str(errno.ENOSPC) + ")", "missing:", missing)
assert many == ("OSError", None, "OS file watch limit reached"), "it has changed"
assert missing == ("FileNotFoundError", None, "No path was found"), "it has changed"
END
unshare --user --map-root-user venv/bin/python look.py
