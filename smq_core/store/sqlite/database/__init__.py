"""Finds, checks, creates and migrates the database at a path.

open_database   once per process and store: creates, migrates or refuses
identify        what lies at a path
peek            reads it without changing a byte
migrate         the migrations, and the way from an older schema
backup          copies a database while others use it
file_system     file systems on which locks do not reach everybody
one_name        a file that can be reached by two names
second_library  a file that this process has open through another SQLite
"""
