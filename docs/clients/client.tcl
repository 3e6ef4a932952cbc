# Tcl: the package sqlite3. `@name` binds a variable as a BLOB.
package require sqlite3
sqlite3 db [lindex $argv 0]
db timeout 10000
set payload "text"
db eval {INSERT INTO smq_messages(topic, payload, priority, headers) VALUES ('mail', $payload, NULL, NULL)}
puts [db last_insert_rowid]
set bytes [binary format H* 00ff]
db eval {INSERT INTO smq_messages(topic, payload) VALUES ('mail', @bytes)}
catch {db eval {INSERT OR IGNORE INTO smq_messages(topic, payload, priority) VALUES ('mail', 'x', 101)}} words
puts $words
db close
