#!/bin/sh
# Textual 8.2.8: a key's action calls focus() on another input, and more keys follow at once, as from somebody who types ahead or
# from a paste. Expected: they go to the input that was focused, or set_focus() makes them. Seen: of "ab", Ctrl+N, "cd" in
# one read and "ef" later, the first input has "abcd" and the second "ef", for two reasons: focus() only asks for it later
# (app.focused is still the old one on the action's next line), and the keys are handed to the focused input before the
# action of the one before them has run. set_focus() alone mends the first, a priority binding alone the second; only both
# together give "ab" and "cdef". Where keys are commands, they act on what the user has just left.
set -eu
folder=$(mktemp -d) && trap 'rm -rf "$folder"' EXIT && cd "$folder"
python3 -m venv venv && venv/bin/pip install --quiet --disable-pip-version-check textual==8.2.8
cat >two.py <<'END'
import sys
from textual.app import App
from textual.binding import Binding
from textual.widgets import Input

class Two(App):
    BINDINGS = [Binding("ctrl+n", "other", "Other", priority="priority" in sys.argv[1])]

    def compose(self):
        yield Input(id="one")
        yield Input(id="two")

    def on_ready(self):
        open("ready", "w").close()

    def action_other(self):
        other = self.query_one("#two")
        other.focus() if "set" not in sys.argv[1] else self.set_focus(other)
        self.at_once = self.focused.id

    def on_input_changed(self, event):
        if event.value.endswith("d"):
            open("read", "w").close()

    def on_input_submitted(self):
        values = [each.value for each in self.query(Input)]
        with open("said", "w") as said:
            print(self.at_once, *values, file=said)
        self.exit()

Two().run()
END
cat >look.py <<'END'
import os, pty, select, sys

def typed_ahead(way):
    for name in ("ready", "read", "said"):
        if os.path.exists(name):
            os.unlink(name)
    child, terminal = pty.fork()
    if child == 0:
        os.environ["TERM"] = "xterm-256color"
        os.execv(sys.executable, [sys.executable, "two.py", way])
    to_type = [("ready", b"ab\x0ecd"), ("read", b"ef\r")]
    try:
        while True:
            if select.select([terminal], [], [], 0.1)[0]:
                os.read(terminal, 65536)
            elif to_type and os.path.exists(to_type[0][0]):
                os.write(terminal, to_type.pop(0)[1])
    except OSError:
        os.waitpid(child, 0)
    return open("said").read().split()

expected = {
    "focus": ["one", "abcd", "ef"],
    "set_focus": ["two", "abcd", "ef"],
    "priority focus": ["one", "abcd", "ef"],
    "priority set_focus": ["two", "ab", "cdef"],
}
seen = {way: typed_ahead(way) for way in expected}
for way, said in seen.items():
    print(f"{way:>18}: focused at once {said[0]}, values {said[1:]}")
assert seen == expected, "it has changed"
END
timeout 60 venv/bin/python look.py
