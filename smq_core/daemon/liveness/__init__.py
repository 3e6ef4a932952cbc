"""Proves which daemons are alive: each holds a lock in the `-workers` file while it runs.

presence              this daemon's record, kept while others cut, replace or remove the file
workers_file          the file: claiming a record, reading those of others
workers_file_layout   its bytes, and which of them are believed
workers_file_opening  where it lies; opens it safely, where others may write
liveness_locks        the lock on a record's first byte, which the kernel releases with its process
"""
