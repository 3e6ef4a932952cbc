"""Dashboard screens: they show values and send requests; they know neither the gateway nor `Inspector`.

main_screen       which view is shown, and which controller each key, click and message is for
host              what controllers may use of the main screen
controllers       what lowercase keys do: go, filter, sort, search, show details
operations        what uppercase keys do, copy, export, and `z`
views             the six views and their rows
list_and_details  the list and the details beside, below or over it
live_context      what is known, from readings, samples and the time
filter_bar        the line in which a filter is typed
prompts           what is asked before an action, and said after it
undo_stack        what was done, as `z` names it
status_lines      what the lines around the views say
targets, history, context, copy_formats, preferences_sync
"""
