#!/bin/sh
# kombu 5.7.0, the filesystem:// transport (Celery's too), a hundred messages. Expected: they come in the order in which they were
# sent; the files' names begin with a time and are read in the order of their names. Seen: any order within a millisecond,
# which a chance number decides; and the time is not that of day but time.monotonic(), milliseconds since the machine was
# started, without leading zeros, compared as text. What is sent after the machine was started again is sorted among, and often
# before, what waited through it; so are messages that two machines put into a shared folder.
set -eu
folder=$(mktemp -d) && trap 'rm -rf "$folder"' EXIT && cd "$folder"
python3 -m venv venv && venv/bin/pip install --quiet --disable-pip-version-check kombu==5.7.0
mkdir queue control
cat >look.py <<'END'
import os, time
import kombu

options = dict(data_folder_in="queue", data_folder_out="queue", control_folder="control")
with kombu.Connection("filesystem://", transport_options=options) as connection:
    jobs = connection.SimpleQueue("jobs")
    for number in range(100):
        jobs.put(number)
    began = int(os.listdir("queue")[0].split("_")[0])
    since_start = time.monotonic() * 1000 - began
    received = []
    for _ in range(100):
        message = jobs.get(timeout=5)
        received.append(message.payload)
        message.ack()
print("received:", *received[:10], "…", f"- a name's time is {began} ms, of {time.time() * 1000:.0f} by the clock")
assert sorted(received) == list(range(100)) and received != sorted(received), "it has changed"
assert 0 <= since_start < 60_000, "it has changed"
END
venv/bin/python look.py
