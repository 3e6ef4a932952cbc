"""Runs the handler of one message in a worker process, and reports the outcome.

runner         one handler thread: takes a delivery, runs its handler, reports the outcome
coroutine_run  a coroutine, on the event loop that it shares with others
event_loop     that loop
command        a command, without a shell
exit_status    how a command ended, and whether its status can be trusted
return_values  what a handler returned instead of running, which must not count as done
failures       what becomes of a message whose handler raised
truncation     how much of long errors and output is kept
own_process    what handler threads need of their process
outbox         collects outcomes and sends them in batches
"""
