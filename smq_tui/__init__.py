"""The dashboard: a terminal interface to a queue. Only its gateway and the demonstration open one.

cli, command  the command `smq-tui` and its flags
starting      starts the application, alone or within the demonstration
app           the application: owns gateway and session
screens       the main screen, its six views, and what keys do
dialogs       questions and forms
gateway       opens the database; everything that reads or writes it
keys          actions, bindings and their documentation
widgets       tables, details, charts
text          the language of filters, payloads as text to edit
terminal      the terminal: its driver, its end, clipboard, ASCII
figures       what is known at one moment, and what follows from it
settings      configuration, preferences, themes
messages, requests, values  what passes between them
demo          the demonstration
"""
