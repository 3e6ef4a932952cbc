"""The database connections, one per thread.

connection_pool     opens and closes them, with threads, forks and stores
connection          one of them: its transactions
reading_connection  how it is opened, watched and closed, and its reads
writing             how a write begins, commits and is abandoned
file_place          whether the files are still those that are open
own_transaction     which databases this thread has locked in its own transaction
transaction_scope   the `with` around a transaction
"""
