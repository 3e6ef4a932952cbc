// Node.js and Deno: node:sqlite, which both bring with them.
import { DatabaseSync } from "node:sqlite";
const db = new DatabaseSync(process.argv[2], { timeout: 10000 });
const insert = db.prepare("INSERT INTO smq_messages(topic, payload, priority, headers) VALUES (?, ?, ?, ?)");
console.log(insert.run("mail", "text", null, null).lastInsertRowid);
insert.run("mail", new Uint8Array([0, 255]), null, null);
try {
  db.prepare("INSERT OR IGNORE INTO smq_messages(topic, payload, priority) VALUES (?, ?, 101)").run("mail", "x");
} catch (error) {
  console.log(error.message);
}
db.close();
