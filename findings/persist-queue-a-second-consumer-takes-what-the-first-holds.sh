#!/bin/sh
# persist-queue 1.1.0: SQLiteAckQueue, the kind whose items must be acknowledged. Expected: what one consumer holds comes to no
# other until it is given back; get() marks it as held in the file, after all. Seen: whoever opens the same folder, a
# second consumer or a look at the size, sets all held items of all consumers back to ready (auto_resume=True, meant for the
# restart of an only consumer), and gets them at once. The first one's ack() of its copy succeeds too: the item is worked on
# twice with nothing to tell. Open all but one with auto_resume=False.
set -eu
folder=$(mktemp -d) && trap 'rm -rf "$folder"' EXIT && cd "$folder"
python3 -m venv venv && venv/bin/pip install --quiet --disable-pip-version-check persist-queue==1.1.0
cat >look.py <<'END'
import persistqueue

def taken_by_a_second(folder, **options):
    first = persistqueue.SQLiteAckQueue(folder)
    first.put("job")
    held = first.get()
    try:
        second = persistqueue.SQLiteAckQueue(folder, **options)
        taken = second.get(block=False)
    except persistqueue.Empty:
        taken = None
    return held, taken, first.ack(held) is not None

plain, careful = taken_by_a_second("plain"), taken_by_a_second("careful", auto_resume=False)
print("held, taken by a second, acknowledged:", plain, "- with auto_resume=False:", careful)
assert plain == ("job", "job", True) and careful == ("job", None, True), "it has changed"
END
venv/bin/python look.py
