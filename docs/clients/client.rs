//! Rust: rusqlite.
use rusqlite::{params, Connection, Result};
use std::time::Duration;

fn main() -> Result<()> {
    let db = Connection::open(std::env::args().nth(1).expect("a database"))?;
    db.busy_timeout(Duration::from_secs(10))?;
    let insert = "INSERT INTO smq_messages(topic, payload, priority, headers) VALUES (?, ?, ?, ?)";
    let none: Option<i64> = None;
    db.execute(insert, params!["mail", "text", none, none])?;
    println!("{}", db.last_insert_rowid());
    db.execute(insert, params!["mail", vec![0u8, 255], none, none])?;
    let bad = "INSERT OR IGNORE INTO smq_messages(topic, payload, priority) VALUES ('mail', 'x', 101)";
    if let Err(error) = db.execute(bad, []) {
        println!("{error}");
    }
    Ok(())
}
