"""Takes over the table of the ancestor.

ancestor         moves every message, in one transaction, after a backup
ancestor_values  what the values of its rows mean
"""
