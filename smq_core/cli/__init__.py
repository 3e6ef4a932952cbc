"""The `smq` command: reads its arguments, calls the queue and the inspector, and prints what they return.

main           the entry point: runs a command, and chooses the exit code
commands       the list of commands, each imported only when it is run
options        options that commands share
examples       examples of each command, for the end of its help

sending        `init`, `send`
listing        `topics`, `peek`, `show`, `activity`
acting         `requeue`, `delete`, `bury`, `move`, `undo`, `purge`
editing        `edit`
topic_policy   `pause`, `resume`, `policy`
importing      `import`
exporting      `export`
draining       `wait`
working        `workers`
top            `top`
checking       `check`
keeping        `backup`, `prune`, `compact`, `doctor`

health         what `check` takes for a problem, decided from what was read at one moment. Pure
taking         whether messages of a topic are being taken
known          refuses topics that do not exist
outcomes       the outcome of an action in words, and its exit code
described      a message as fields and as lines
worker_fields  a daemon as fields of JSON
output         the only place that prints
progress       progress bars
"""
