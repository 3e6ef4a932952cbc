#!/bin/sh
# django-tasks-db 0.13.0 (django-tasks 0.12.0, Django 5.2.19): a worker is killed while it runs a task. Expected: the next worker
# takes the task up again, or marks it as failed, after some time; both are rows in one database. Seen: the row stays RUNNING
# for ever: no lease, no heartbeat, and no command that looks for such rows; prune_db_task_results leaves them alone,
# even with --min-age-days 0, since it takes finished ones only. Whoever waits for the result waits on. Deployments that stop
# workers with SIGKILL after a grace period have to look for rows that run longer than any task can.
set -eu
folder=$(mktemp -d) && trap 'rm -rf "$folder"' EXIT && cd "$folder"
python3 -m venv venv && venv/bin/pip install --quiet --disable-pip-version-check django==5.2.19 django-tasks==0.12.0 django-tasks-db==0.13.0
mkdir jobs && touch jobs/__init__.py
cat >settings.py <<'END'
SECRET_KEY = "not one"
INSTALLED_APPS = ["django_tasks", "django_tasks_db", "jobs"]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "db.sqlite3", "OPTIONS": {"transaction_mode": "IMMEDIATE"}}}
TASKS = {"default": {"BACKEND": "django_tasks_db.DatabaseBackend"}}
USE_TZ = True
END
cat >jobs/tasks.py <<'END'
import os, signal
from django_tasks import task

@task()
def job():
    with open("log", "a") as log:
        print("begun", file=log)
    os.kill(os.getpid(), signal.SIGKILL)
END
export DJANGO_SETTINGS_MODULE=settings PYTHONPATH="$folder"
manage() { venv/bin/python -W ignore -m django "$@"; }
manage migrate --verbosity 0
venv/bin/python -c 'import django; django.setup(); from jobs.tasks import job; job.enqueue()'
manage db_worker --batch --no-startup-delay >/dev/null 2>&1 && exit 1
manage db_worker --batch --no-startup-delay >/dev/null 2>&1
manage prune_db_task_results --min-age-days 0 >/dev/null 2>&1
state=$(venv/bin/python -c 'import sqlite3; print(*sqlite3.connect("db.sqlite3").execute("SELECT status FROM django_tasks_database_dbtaskresult").fetchone())')
echo "times begun: $(grep -c begun log), state after a second worker: $state"
test "$(grep -c begun log) $state" = "1 RUNNING"
