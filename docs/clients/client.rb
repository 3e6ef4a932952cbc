# Ruby: the gem sqlite3.
require "sqlite3"
db = SQLite3::Database.new(ARGV[0])
db.busy_timeout = 10_000
insert = "INSERT INTO smq_messages(topic, payload, priority, headers) VALUES (?, ?, ?, ?)"
db.execute(insert, ["mail", "text", nil, nil])
puts db.last_insert_row_id
db.execute(insert, ["mail", SQLite3::Blob.new("\x00\xff".b), nil, nil])
begin
  db.execute("INSERT OR IGNORE INTO smq_messages(topic, payload, priority) VALUES (?, ?, 101)", ["mail", "x"])
rescue SQLite3::Exception => error
  puts error.message
end
