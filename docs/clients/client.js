// Node.js: better-sqlite3, whose SQLite flushes nothing in WAL mode unless it is told to.
const Database = require("better-sqlite3");
const db = new Database(process.argv[2], { timeout: 10000 });
db.pragma("synchronous = FULL");
const insert = db.prepare("INSERT INTO smq_messages(topic, payload, priority, headers) VALUES (?, ?, ?, ?)");
console.log(Number(insert.run("mail", "text", null, null).lastInsertRowid));
insert.run("mail", Buffer.from([0, 255]), null, null);
try {
  db.prepare("INSERT OR IGNORE INTO smq_messages(topic, payload, priority) VALUES (?, ?, 101)").run("mail", "x");
} catch (error) {
  console.log(error.message);
}
db.close();
