"""The SQLite backend.

store         the store: builds the objects below around one session, and offers their methods
location      a file, by its path
limits        how much one transaction changes at most
session       how they read and write: connections, transactions, the clock
queue         what producers, consumers and daemons do
operators     what operators do: browse, requeue, edit, undo
foreign_rows  rows that other programs stored and smq never would
admin         doctor, repair, compaction, backup
database      from a path to a database that may be used
connection    a connection for each thread, its transactions and reads
wal           the write lock, durable commits, checkpoints
driver        apsw: settings, errors, cursors
queries       the named statements
"""
