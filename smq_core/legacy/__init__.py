"""Migrates the table of smq's predecessor; imported only when a database with that table is opened.

ancestor         moves every message, in one transaction, after a backup
ancestor_values  what the values of its rows mean
ancestor.sql     the statements, by name
"""
