"""The dashboard: a terminal face of the queue. It uses the public names of smq_core only.

cli, command  the command `smq-tui` and its flags
starting      starts the application, alone or within the demonstration
app           the application: owns gateway and session
screens       the main screen, its six views, and what keys do
dialogs       questions and forms
gateway       the only part that calls the core
keys          actions, bindings and their documentation
widgets       tables, details, charts
text          the language of filters, payloads as text to edit
terminal      the terminal: its driver, its end, clipboard, ASCII
figures       what is known at one moment, and what follows from it
settings      configuration, preferences, themes
messages, requests, values  what passes between them
demo          the demonstration
"""
