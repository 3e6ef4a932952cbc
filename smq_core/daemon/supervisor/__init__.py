"""The main loop of a daemon, and its decisions.

loop               waits, reads what worker processes report, starts the next step
schedule           what is done from time to time
signals            signals, as entries that the loop reads
store_watch        notices when somebody else writes to the database
outage             how long to go on while the database cannot be used
database_retry     carries out calls of the database, or waits for the next try
timeouts           handlers that run for too long
crashes            notices that a worker process ended, and deals with its exit
crash_attribution  which message is charged when a worker process died
circuit_breaker    pauses a topic whose messages keep killing processes
dead_daemons       notices that another daemon died, and returns its messages
burst              when `--burst` is done
shutdown           a graceful shutdown: no new messages, one grace period, interruption
"""
