"""Operations: each asks before it acts, sends its request, reports the outcome, and records it for `z`.

message_actions  requeue, delete, bury
topic_actions    pause, resume, purge
edit_actions     edit, add
copy_action      copy
file_actions     import, export
daemon_actions   quiet, stop
targeting        fixes which messages an action is for
whole_message    reads a message before it is edited or copied
confirmation     asks before something is done
long_action      progress of what runs for long
undo             what this session did, and `z`
assembly         makes all of them
"""
