#!/bin/sh
# Textual 8.2.8: switch_screen() while the first screen of a mode is shown. Expected: the screen is replaced, as it is on
# any other. Seen: IndexError, "pop from empty list": the first screen of a mode is put on the stack without the entry for a
# result that push_screen() makes and that switch_screen() takes away. After a push_screen() the same call works. An app
# whose pages are modes (a dashboard) cannot replace a page: switch_mode() goes to another, push_screen() lays one on top.
set -eu
folder=$(mktemp -d) && trap 'rm -rf "$folder"' EXIT && cd "$folder"
python3 -m venv venv && venv/bin/pip install --quiet --disable-pip-version-check textual==8.2.8
cat >look.py <<'END'
import asyncio
from textual.app import App
from textual.screen import Screen

class Jobs(App):
    MODES = {"jobs": Screen}

    async def on_mount(self):
        await self.switch_mode("jobs")

async def outcome(pushed):
    app = Jobs()
    async with app.run_test() as pilot:
        await pilot.pause()
        if pushed:
            await app.push_screen(Screen())
        try:
            await app.switch_screen(Screen())
        except IndexError as error:
            return f"IndexError: {error}"
        return "switched"

first, later = asyncio.run(outcome(pushed=False)), asyncio.run(outcome(pushed=True))
print("on the mode's first screen:", first, "- on one pushed onto it:", later)
assert (first, later) == ("IndexError: pop from empty list", "switched"), "it has changed"
END
venv/bin/python look.py
