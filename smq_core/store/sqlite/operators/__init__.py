"""Operators' actions on messages and topics.

browse          pages, ids, counts, one whole message
previews        the beginning of a large payload
freeze          fixes what was seen, so that an action changes just that
recheck         which of the messages that were seen have moved on
operate         requeue, delete, bury, move
edit            what is changed of one message
purge           removes messages for good
undo            takes an action back
operation_log   the record of each action
activity        what was done, as it is shown; notes
worker_rows     rows and samples of daemons
byte_chunks     bounds what one transaction rewrites
topic_settings  policies and pauses; drops topics
"""
