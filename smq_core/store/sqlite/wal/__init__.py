"""The write-ahead log, and what makes a commit durable.

write_lock   the lock of writers, taken before BEGIN IMMEDIATE
durability   what one connection owes the disk: where the flush happens
wal_file     this store's descriptor of the file, and its flush
write_out    has the system begin to write before the flush
checkpoints  copies the log back into the database, outside the write lock
"""
