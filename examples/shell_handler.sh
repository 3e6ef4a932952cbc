#!/bin/sh
# A handler for smq-daemon can be written in any language: it runs once per message.
#
#     smq send words 'to be or not to be'
#     smq-daemon --exec 'words=./shell_handler.sh'
#
# The payload is on standard input, and its metadata is in SMQ_ID, SMQ_TOPIC, SMQ_ATTEMPTS, SMQ_HEADERS, SMQ_KEY, SMQ_KIND,
# SMQ_PRIORITY and SMQ_DELIVERIES. Exit codes: 0: processed; 75: another attempt, after the topic's back-off; 65: to the dead letters.
# Any other code is also a failure. The last 8 KiB of the output are stored as the error.
set -eu

text=$(cat)
if [ -z "$text" ]; then
    echo "message $SMQ_ID is empty"
    exit 65
fi
count=$(printf '%s\n' "$text" | wc -w)
echo "message $SMQ_ID of $SMQ_TOPIC has" $count "words"
