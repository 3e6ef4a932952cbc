#!/bin/sh
# The command sqlite3. Its .import fills columns from the first on: import into a table of one's own, and insert from that.
sqlite3 "$1" ".timeout 10000" "INSERT INTO smq_messages(topic, payload, priority, headers) VALUES ('mail', 'text', NULL, NULL)" "SELECT last_insert_rowid()"
sqlite3 "$1" ".timeout 10000" "INSERT INTO smq_messages(topic, payload) VALUES ('mail', x'00ff')"
sqlite3 "$1" "INSERT OR IGNORE INTO smq_messages(topic, payload, priority) VALUES ('mail', 'x', 101)" 2>&1 || true
