"""Screens of the dashboard: they show values, ask by messages, and know neither gateway nor core.

main_screen         which method each action is
stage               the screen around the six views
views               the views and their rows
looking             what lowercase keys do: go, filter, sort, mark
changing, mending   what uppercase keys do
undoing, undo_stack `z`, and what it can take back
detailing, finding  the details beside a list, and hits in them
filter_bar          the line in which a filter is typed
prompts             what is asked before an action, and said after it
status_lines        the lines around the views
targets, history, context, copy_formats, preferences_sync
"""
