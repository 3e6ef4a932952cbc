"""Rows that another program stored and that smq itself would never write.

decoding               text that is not UTF-8, values of the wrong type
constraint_violations  rows stored past the table's own rules
anomalies              everything of the kind, for the doctor and its repair
leasable               checks rows that are about to be leased
unreadable             messages that are buried because nobody can read them
dead_messages          messages that became dead, for the log
"""
