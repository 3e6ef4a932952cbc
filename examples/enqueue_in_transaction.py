"""Enqueue in the transaction that writes your own rows: both are stored, or neither.

Python's sqlite3 module is all that is needed.

smq init --into shop.sqlite3        # once; adds smq's tables to the application's database
python examples/enqueue_in_transaction.py shop.sqlite3
"""

from __future__ import annotations

import json
import sqlite3
import sys


def place_order(path: str, article: str) -> int:
    """Store an order and the mail that it needs, in one commit."""
    database = sqlite3.connect(path, timeout=10)
    try:
        database.execute("PRAGMA synchronous = FULL")  # the message survives a crash of the machine
        database.execute(
            "PRAGMA wal_autocheckpoint = 0"
        )  # see docs/sql-contract.md: for SQLite before 3.51.3
        with database:
            database.execute(
                "CREATE TABLE IF NOT EXISTS orders(id INTEGER PRIMARY KEY, article TEXT NOT NULL)"
            )
            order = database.execute("INSERT INTO orders(article) VALUES (?)", (article,)).lastrowid
            payload = json.dumps({"order": order, "article": article})
            database.execute("INSERT INTO smq_messages(topic, payload) VALUES (?, ?)", ("mail", payload))
    finally:
        database.close()
    return order or 0


if __name__ == "__main__":
    print("order", place_order(sys.argv[1], "a lamp"))
