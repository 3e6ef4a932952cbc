#!/bin/sh
# Celery 5.7.0 (kombu 5.7.0) on the transports that need no broker, filesystem:// and sqla+sqlite://. Expected: with task_acks_late
# and task_reject_on_worker_lost a task whose worker is killed is run again by the next one, as with a broker. Seen: it is lost
# without a trace. Both transports take the message away (its file, its visible flag) as they read it, and what "not yet
# acknowledged" means lives in the worker's memory alone. The settings are accepted without a warning. The rows of acknowledged
# and lost messages stay in kombu_message alike, marked invisible, for ever: the file only grows.
set -eu
folder=$(mktemp -d) && trap 'rm -rf "$folder"' EXIT && cd "$folder"
python3 -m venv venv && venv/bin/pip install --quiet --disable-pip-version-check celery==5.7.0 kombu==5.7.0 sqlalchemy==2.1.9
mkdir queue control
cat >app.py <<'END'
import os, signal
from celery import Celery

app = Celery("app", broker=os.environ["BROKER"])
app.conf.update(task_acks_late=True, task_reject_on_worker_lost=True, worker_prefetch_multiplier=1)
if app.conf.broker_url.startswith("filesystem"):
    app.conf.broker_transport_options = dict(data_folder_in="queue", data_folder_out="queue", control_folder="control")

@app.task
def job(number):
    with open("log", "a") as log:
        print("begun", number, file=log)
    os.kill(os.getpid(), signal.SIGKILL if number == 1 else signal.SIGTERM)
END
for broker in filesystem:// sqla+sqlite:///queue.db; do
    export BROKER=$broker
    rm -f log
    for number in 1 2; do
        venv/bin/python -c "import app; app.job.delay($number)"
        timeout 60 venv/bin/celery -A app worker --pool solo --concurrency 1 --without-gossip --without-mingle >/dev/null 2>&1 || true
    done
    echo "$broker" $(cat log)
    test "$(echo $(cat log))" = "begun 1 begun 2"
done
rows=$(venv/bin/python -c 'import sqlite3; print(*sqlite3.connect("queue.db").execute("SELECT count(*), sum(visible) FROM kombu_message").fetchone())')
echo "rows, visible: $rows"
test "$rows" = "2 0"
