#!/bin/sh
# prometheus_client 0.26.0 in multiprocess mode: two workers that hold 7 jobs each are killed with -9. Expected: a gauge of the mode
# "livesum" counts processes that live. Seen: 14, for ever: "live" means that nobody has called mark_process_dead() for it, which
# a server's hook does at an orderly end; whether a process lives is not looked at, though its id is the file's name. And a new
# process that gets the same id begins with the dead one's values: in a container, where ids repeat at each start, a kept
# folder gives the worker a gauge that it never set. Empty the folder at the start, and call mark_process_dead() from whoever
# reaps the workers.
set -eu
folder=$(mktemp -d) && trap 'rm -rf "$folder"' EXIT && cd "$folder"
python3 -m venv venv && venv/bin/pip install --quiet --disable-pip-version-check prometheus-client==0.26.0
export PROMETHEUS_MULTIPROC_DIR="$folder/metrics" && mkdir metrics
cat >work.py <<'END'
import os, signal
from prometheus_client import Gauge

Gauge("held", "Jobs held", multiprocess_mode="livesum").set(7)
os.kill(os.getpid(), signal.SIGKILL)
END
cat >look.py <<'END'
import os, subprocess, sys
from prometheus_client import CollectorRegistry, Gauge, multiprocess

def held():
    registry = CollectorRegistry()
    multiprocess.MultiProcessCollector(registry)
    return registry.get_sample_value("held")

ids = []
for _ in range(2):
    worker = subprocess.Popen([sys.executable, "work.py"])
    worker.wait()
    ids.append(worker.pid)
of_the_dead = held()
os.rename(f"metrics/gauge_livesum_{ids[0]}.db", f"metrics/gauge_livesum_{os.getpid()}.db")  # as if this process had got that id
of_the_new = Gauge("held", "Jobs held", multiprocess_mode="livesum", registry=None)._value.get()
multiprocess.mark_process_dead(ids[1])
print("held by two dead workers:", of_the_dead, "- by a new one of the same id:", of_the_new, "- with one marked dead:", held())
assert (of_the_dead, of_the_new, held()) == (14, 7, 7), "it has changed"
END
venv/bin/python look.py
