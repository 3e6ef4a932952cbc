"""Controllers of the display, each with the actions of its keys. None of them changes the queue.

navigation        the views and the way between them
filter_line       the line in which a filter or a jump is typed
details           the details beside, below or over a list
throughput_chart  the chart below it
lines             the lines around the views
live_feed         shows each refresh, and each second that passes
search            hits of what was looked for
list_actions      order, columns, tabs and marks of the list
refresh_actions   how often everything is read
program_actions   help, theme, database, lock, end
"""
