"""Examples of each command, for the end of its help. A test runs them in this order, in one folder."""

from __future__ import annotations

from typing import Final

__all__ = ["EXAMPLES", "examples_of"]

EXAMPLES: Final = {
    "init": ("smq init", "smq init --into app.db"),
    "send": (
        """smq send mail '{"to": "ann@example.org"}'""",
        "smq send mail 'hello' --delay 10m --priority 5",
        "smq send mail 'monthly report' --key report-2026-11",
        "date | smq send clock",
    ),
    "import": ("smq import mail.jsonl", "smq import lines.txt --topic mail --dry-run"),
    "export": ("smq export --topic mail -o backup.jsonl", "smq export --state dead | head"),
    "topics": ("smq topics", "smq topics --json"),
    "peek": ("smq peek mail", "smq peek mail --state dead --limit 5"),
    "show": ("smq show 1",),
    "bury": ("smq bury 1 2",),
    "requeue": ("smq requeue 1", "smq requeue --topic mail --state dead --yes"),
    "move": ("smq move 1 2 --to post",),
    "edit": ("smq edit 1", "EDITOR='sed -i s/hello/goodbye/' smq edit 2 --yes"),
    "delete": ("smq delete 1", "smq delete --topic mail --state ready --dry-run"),
    "undo": ("smq undo", "smq undo last"),
    "activity": ("smq activity", "smq activity --limit 5"),
    "pause": ("smq pause mail --reason 'server down' --until 10m",),
    "resume": ("smq resume mail",),
    "policy": ("smq policy mail", "smq policy mail --max-attempts 8 --backoff 2s:x2:1h --keep 24h"),
    "check": ("smq check", "smq check --max-age 10m --max-dead 0 --workers"),
    "wait": ("smq wait mail --timeout 1s",),
    "workers": ("smq workers", "smq workers --json"),
    "top": ("smq top", "smq top --every 2s"),
    "purge": ("smq purge mail --state done --yes",),
    "prune": ("smq prune",),
    "backup": ("smq backup queue-backup.sqlite3",),
    "compact": ("smq compact",),
    "doctor": ("smq doctor", "smq doctor --repair"),
}


def examples_of(command: str) -> str:
    """Return the examples as the end of a command's help; the mark keeps their lines as they are."""
    return "\n".join(("\b", "Examples:", *(f"  {line}" for line in EXAMPLES[command])))
