"""Keeps a worker process working, whatever a handler does to it, and makes sure that its exit is reported.

descriptors       the descriptors it cannot do without, out of a handler's way
resource_limits   limits of the system, put back where a handler lowered them
inherited         folder, environment and umask as they were at the start
stdio             standard streams whose lines stay whole
handler_output    which message a printed line belongs to
tracebacks        tracebacks without the frames of ours
forked_copies     copies of the process that a handler forks
process_exit      ends a process that can no longer work, with a word about why
"""
