"""The main loop of a daemon, and its decisions.

loop             waits, reads what worker processes report, starts the next step
schedule         what is done from time to time
signals          signals, as entries that the loop reads
store_watch      notices when somebody else writes to the database
outage           how long to go on while the database cannot be used
timeouts         handlers that run for too long
crashes          the messages of a worker process that died, and which is charged
circuit_breaker  pauses a topic whose messages keep killing processes
peers            other daemons on the same database, and the messages of those that died
burst            when `--burst` is done
shutdown         a graceful shutdown: no new messages, one grace period, interruption
"""
