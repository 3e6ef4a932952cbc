#!/bin/sh
# A job "30 2 * * *" in Europe/Berlin at the two changes of the clock of 2026: croniter 7.0.0, APScheduler 3.11.3 and cronsim 2.8.
# Expected, as cron(8) has it: a job with a fixed hour runs once each night. Seen: in autumn, when 02:30 comes twice, croniter and
# APScheduler give both; cronsim gives the first alone. In spring, when there is no 02:30, croniter and cronsim give 03:00;
# APScheduler gives "02:30+01:00", a time that no clock shows (the same moment as 03:30). With several hours or
# minutes they part again: of "*/20 2 * * *" cronsim leaves out the whole of that spring night, croniter runs it once.
# A report is sent twice, or not at all, by the library that was chosen: schedule in UTC, or outside of 02:00 to 03:00.
set -eu
folder=$(mktemp -d) && trap 'rm -rf "$folder"' EXIT && cd "$folder"
python3 -m venv venv && venv/bin/pip install --quiet --disable-pip-version-check croniter==7.0.0 cronsim==2.8 apscheduler==3.11.3 tzdata
cat >look.py <<'END'
import datetime, zoneinfo
import croniter, cronsim
from apscheduler.triggers.cron import CronTrigger

BERLIN = zoneinfo.ZoneInfo("Europe/Berlin")

def apscheduler(expression, start):
    trigger, previous = CronTrigger.from_crontab(expression, timezone=BERLIN), None
    while True:
        previous = start = trigger.get_next_fire_time(previous, start)
        yield previous

libraries = {
    "croniter": lambda expression, start: croniter.croniter(expression, start).all_next(datetime.datetime),
    "cronsim": cronsim.CronSim,
    "apscheduler": apscheduler,
}

def night(library, expression, month, day):
    times = libraries[library](expression, datetime.datetime(2026, month, day, tzinfo=BERLIN))
    that_day = []
    for moment in times:
        if moment.day != day:
            return that_day
        that_day.append(f"{moment:%H:%M}+{moment.utcoffset().seconds // 3600}")

seen = {}
for library in libraries:
    seen[library] = night(library, "30 2 * * *", 10, 25), night(library, "30 2 * * *", 3, 29), night(library, "*/20 2 * * *", 3, 29)
    print(f"{library:>12}: autumn {seen[library][0]}, spring {seen[library][1]}, */20 in spring {seen[library][2]}")
assert seen == {
    "croniter": (["02:30+2", "02:30+1"], ["03:00+2"], ["03:00+2"]),
    "cronsim": (["02:30+2"], ["03:00+2"], []),
    "apscheduler": (["02:30+2", "02:30+1"], ["02:30+1"], ["02:00+1"]),
}, "it has changed"
END
venv/bin/python look.py
