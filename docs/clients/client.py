"""Python: `client.py DATABASE NAME`, where NAME is a function below. Each library is imported where it is tried."""

# ruff: noqa: PLC0415 - see above
from __future__ import annotations

import sys
from typing import Any

TEXT = {"topic": "mail", "payload": "text", "priority": None, "headers": None}
BYTES = {"topic": "mail", "payload": b"\x00\xff"}
BAD = {"topic": "mail", "payload": "x", "priority": 101}
INSERT = "INSERT INTO smq_messages(topic, payload, priority, headers) VALUES (?, ?, ?, ?)"


def sqlite3(path: str) -> None:
    """Use the module of the standard library."""
    import sqlite3

    db = sqlite3.connect(path, timeout=10)
    with db:
        print(db.execute(INSERT, tuple(TEXT.values())).lastrowid)
        db.execute(INSERT, ("mail", BYTES["payload"], None, None))
    refused(lambda: db.execute(INSERT.replace("INTO", "OR IGNORE INTO", 1), ("mail", "x", 101, None)))
    db.close()


def apsw(path: str) -> None:
    """Use another program's own connection of smq's driver."""
    import apsw

    db = apsw.Connection(path)
    db.set_busy_timeout(10_000)
    db.execute(INSERT, tuple(TEXT.values()))
    print(db.last_insert_rowid())
    db.execute(INSERT, ("mail", BYTES["payload"], None, None))
    refused(lambda: db.execute(INSERT.replace("INTO", "OR IGNORE INTO", 1), ("mail", "x", 101, None)))
    db.close()


def aiosqlite(path: str) -> None:
    """Use sqlite3 from an event loop."""
    import asyncio

    import aiosqlite

    async def send() -> None:
        async with aiosqlite.connect(path, timeout=10) as db:
            print((await db.execute(INSERT, tuple(TEXT.values()))).lastrowid)
            await db.execute(INSERT, ("mail", BYTES["payload"], None, None))
            await db.commit()
            try:
                await db.execute(INSERT.replace("INTO", "OR IGNORE INTO", 1), ("mail", "x", 101, None))
            except aiosqlite.IntegrityError as error:
                print(error)

    asyncio.run(send())


def sqlalchemy(path: str) -> None:
    """Reflect the table."""
    import sqlalchemy

    engine = sqlalchemy.create_engine(f"sqlite:///{path}", connect_args={"timeout": 10})
    messages = sqlalchemy.Table("smq_messages", sqlalchemy.MetaData(), autoload_with=engine)
    with engine.begin() as db:
        print(db.execute(messages.insert().values(TEXT)).inserted_primary_key[0])
        db.execute(messages.insert().values(BYTES))
    with engine.connect() as db:
        refused(lambda: db.execute(messages.insert().prefix_with("OR IGNORE").values(BAD)))


def sqlmodel(path: str) -> None:
    """Declare the columns that are used."""
    from sqlmodel import Field, Session, SQLModel, create_engine

    class Message(SQLModel, table=True):
        __tablename__ = "smq_messages"
        id: int | None = Field(default=None, primary_key=True)
        topic: str
        payload: str
        priority: int | None = None
        headers: str | None = None

    with Session(create_engine(f"sqlite:///{path}")) as session:
        message = Message(topic="mail", payload="text")
        session.add(message)
        session.commit()
        print(message.id)


def dataset(path: str) -> None:
    """Forbid it to add columns, which it does for every name that it does not know."""
    import dataset

    messages = dataset.connect(f"sqlite:///{path}")["smq_messages"]
    print(messages.insert(TEXT, ensure=False))
    messages.insert(BYTES, ensure=False)
    refused(lambda: messages.insert(BAD, ensure=False))


def peewee(path: str) -> None:
    """Introspect the table; bytes need a model of one's own, with a BlobField."""
    import peewee
    from playhouse.reflection import Introspector

    database = peewee.SqliteDatabase(path, timeout=10)
    messages = Introspector.from_database(database).generate_models(table_names=["smq_messages"])[
        "smq_messages"
    ]
    print(messages.insert(**TEXT).execute())
    refused(lambda: messages.insert(**BAD).on_conflict_ignore().execute())


def pony(path: str) -> None:
    """Write rows without an entity."""
    from pony import orm

    database = orm.Database()
    database.bind("sqlite", path, timeout=10)
    with orm.db_session:
        print(database.insert("smq_messages", **TEXT))
        database.insert("smq_messages", **BYTES)
    with orm.db_session:
        refused(lambda: database.insert("smq_messages", **BAD))


def sqlite_utils(path: str) -> None:
    """Insert rows, of which the missing columns are NULL."""
    import sqlite_utils

    messages = sqlite_utils.Database(path)["smq_messages"]
    print(messages.insert(TEXT).last_pk)
    messages.insert(BYTES)
    refused(lambda: messages.insert(BAD, ignore=True))


def pandas(path: str) -> None:
    """Append a frame, without its index."""
    import sqlite3

    import pandas

    with sqlite3.connect(path, timeout=10) as db:
        pandas.DataFrame([TEXT, BYTES]).to_sql("smq_messages", db, if_exists="append", index=False)
        print(*db.execute("SELECT min(id) FROM smq_messages").fetchone())
        refused(lambda: pandas.DataFrame([BAD]).to_sql("smq_messages", db, if_exists="append", index=False))
    db.close()


def polars(path: str) -> None:
    """Append a frame through ADBC."""
    import polars

    frame = polars.DataFrame({"topic": ["mail"], "payload": ["text"]})
    frame.write_database("smq_messages", f"sqlite:///{path}", if_table_exists="append", engine="adbc")
    print(1)


def records(path: str) -> None:
    """Commit: a query outside of a transaction of one's own is rolled back."""
    import records

    with records.Database(f"sqlite:///{path}").get_connection() as db:
        transaction = db.transaction()
        db.query("INSERT INTO smq_messages(topic, payload, priority) VALUES ('mail', 'text', NULL)")
        transaction.commit()
        print(1)


def django(path: str) -> None:
    """Generate the model with `inspectdb`."""
    import io
    import re

    import django
    from django.conf import settings
    from django.core.management import call_command

    database = {"ENGINE": "django.db.backends.sqlite3", "NAME": path, "OPTIONS": {"timeout": 10}}
    settings.configure(DATABASES={"default": database}, USE_TZ=True)
    django.setup()
    written = io.StringIO()
    call_command("inspectdb", "smq_messages", stdout=written)
    names: dict[str, Any] = {"__name__": "shop.models"}
    exec(
        re.sub(r"( +)managed = False", r"\1app_label = 'shop'\n\1managed = False", written.getvalue()), names
    )  # noqa: S102 - what inspectdb writes is to be run
    messages = names["SmqMessages"]
    print(messages.objects.create(topic="mail", payload="text").id)
    for _ in range(2):
        messages.objects.bulk_create(
            [messages(topic="mail", payload="k", dedup_key="k")], ignore_conflicts=True
        )
    refused(lambda: messages.objects.bulk_create([messages(**BAD)], ignore_conflicts=True))


def duckdb(path: str) -> None:
    """Give DuckDB the function of the columns' defaults, which it computes itself, or send whole statements."""
    import duckdb
    from duckdb_extensions import import_extension

    db = duckdb.connect()
    import_extension("sqlite_scanner", con=db)
    db.execute("LOAD sqlite_scanner")
    db.execute(f"ATTACH '{path}' AS queue (TYPE sqlite)")
    statement = "INSERT INTO smq_messages(topic, payload) VALUES ('mail', 'text') RETURNING id"
    [(message_id,)] = db.execute("FROM sqlite_query('queue', ?)", [statement]).fetchall()
    print(message_id)
    db.execute("CREATE MACRO julianday(moment) AS epoch_ms(now()) / 86400000.0 + 2440587.5")
    db.execute("INSERT INTO queue.smq_messages(topic, payload, priority) SELECT 'mail', 'many', NULL")
    refused(
        lambda: db.execute("INSERT INTO queue.smq_messages(topic, payload, priority) SELECT 'mail', 'x', 101")
    )


def libsql(path: str) -> None:
    """Use the fork of SQLite."""
    import libsql

    db = libsql.connect(path, timeout=10)
    print(db.execute(INSERT, tuple(TEXT.values())).lastrowid)
    db.execute(INSERT, ("mail", BYTES["payload"], None, None))
    db.commit()
    refused(lambda: db.execute(INSERT.replace("INTO", "OR IGNORE INTO", 1), ("mail", "x", 101, None)))
    db.close()


def turso(path: str) -> None:
    """Try the rewrite of SQLite in Rust, which cannot run the triggers of the table and says so."""
    import turso

    db = turso.connect(path)
    refused(lambda: db.execute(INSERT, tuple(TEXT.values())))
    db.close()


def PySide6(path: str) -> None:  # noqa: N802 - the name of the library
    """Use Qt, which has its own SQLite."""
    from PySide6.QtCore import QByteArray, QCoreApplication
    from PySide6.QtSql import QSqlDatabase, QSqlQuery

    application = QCoreApplication([])
    database = QSqlDatabase.addDatabase("QSQLITE")
    database.setConnectOptions("QSQLITE_BUSY_TIMEOUT=10000")
    database.setDatabaseName(path)
    database.open()
    query = QSqlQuery(database)
    query.prepare(INSERT)
    for values in (("mail", "text", None, None), ("mail", QByteArray(BYTES["payload"]), None, None)):
        for value in values:
            query.addBindValue(value)
        query.exec()
        if values[1] == "text":
            print(query.lastInsertId())
    query.exec("INSERT OR IGNORE INTO smq_messages(topic, payload, priority) VALUES ('mail', 'x', 101)")
    print(query.lastError().text())
    query.finish()
    database.close()
    application.shutdown()


def refused(write: Any) -> None:  # noqa: ANN401 - whatever a library has
    """Print in which words a write was refused."""
    try:
        write()
    except Exception as error:  # noqa: BLE001 - each library has its own
        # pandas has a sentence of its own, and SQLite's behind it
        print(" ".join(f"{error} {error.__cause__ or ''}".split()))


if __name__ == "__main__":
    globals()[sys.argv[2]](sys.argv[1])
