"""Worker processes as their supervisor sees them.

pool            all of them: starting, replacing, asking to stop
process         one of them: what it has been given, and how much it may be given
prefetch        how many messages it may be given ahead
byte_budget     how many bytes they may have together
in_flight       a leased message on its way
backlog         takes back messages that wait behind a long handler
spawn           starts one, and says why one was never ready
import_check    starts one only to see whether it can import its handlers
child_process   the process of the system: socket, output, end
child_output    passes on what it prints
delivery_probe  ends one in which deliveries do not arrive
children        the children of the daemon, its own and those left to it
"""
