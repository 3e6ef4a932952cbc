"""The operations of producers, consumers and daemons.

enqueue              adds messages
lease                leases messages; returns expired leases and promotes due messages on the way
lease_budget         how many bytes one call leases
settle               ack, requeue, release, bury, extend, and what a run printed: where a late ack is refused
recover              the leases of a daemon or worker process that died
survey               which topics have something to do
counters             depth of topics, from counters
change_watch         waits for commits of others
imports              imported messages with their import's progress
unprocessed          counts what left a topic without being processed
prune                removes what is past its time
opportunistic_prune  when a program with no daemon beside it prunes after its own writes
"""
