"""The worker daemon: a supervisor that uses the database, and worker processes that run handlers.

In the supervisor's process, from the outside in:

main              the command line of `smq-daemon`
log, library_log  what is logged, as text or JSON
preflight         `--check`: everything that has to be right before a daemon starts
configuration     the configuration file and flags, reloads, and which handler a topic has
assembly          builds the parts below and hands each what it depends on
services          builds the threads that run beside the loop
threads           starts and stops these threads, and starts one again that ended by an error
supervisor        the main loop, its schedule, shutdown, crashes of worker processes
dispatch          leases messages, distributes them, writes their outcomes, renews their leases
processes         the pool of worker processes, as their supervisor sees them
liveness          the lock that proves that a daemon lives, and what it has started
inbox             imports files that are dropped into a folder
maintenance       pruning, samples and alerts, in its own thread
reporting         heartbeat and metrics
system            what the operating system reports about processes, files and disks

In a worker process, which imports no store:

worker_process    starts, imports handlers, reads deliveries from the supervisor's socket
execution         runs one message: a function, a coroutine or a command
containment       keeps the process able to work whatever a handler does to it

Between the two:

wire              frames and records on the socket, and the slots in shared memory
"""
