"""The configuration of the dashboard, and the preferences that it saves.

config       named databases, keys and theme, from a file
preferences  what it remembers between two runs
databases    the databases that one run can show
user_path    expands `~` in paths that are typed or configured
session      how this run may act, and how it looks
theme        its own themes
"""
