#!/bin/sh
# Python's sqlite3.Connection.iterdump() (seen with 3.11 to 3.13 on SQLite 3.40.1). Expected: a dump that makes the same database
# again, as the .dump of apsw 3.54.1 does. Seen: of a text with a NUL in it, which JSON may carry, the dump has the
# part before the NUL only, without a word; and an infinite number is written as Inf, which SQLite takes for a column's name,
# so that one such row makes the whole dump unreadable. Its values go through SQL's quote(), which ends at the NUL; so does the
# .dump of the sqlite3 command of 3.40.1, though it writes infinity as 1e999. Back up with
# Connection.backup() or VACUUM INTO. (On
# SQLite 3.54.1 quote() writes infinity as 9.0e+999, and still ends at the NUL.)
set -eu
folder=$(mktemp -d) && trap 'rm -rf "$folder"' EXIT && cd "$folder"
cat >look.py <<'END'
import sqlite3

def through_a_dump(value):
    source, copy = sqlite3.connect(":memory:"), sqlite3.connect(":memory:")
    source.execute("CREATE TABLE job(payload)")
    source.execute("INSERT INTO job VALUES (?)", [value])
    try:
        copy.executescript("\n".join(source.iterdump()))
    except sqlite3.OperationalError as error:
        return str(error)
    return copy.execute("SELECT payload FROM job").fetchone()[0]

text, blob, infinite = through_a_dump("be\0hind"), through_a_dump(b"be\0hind"), through_a_dump(float("inf"))
print("SQLite", sqlite3.sqlite_version, "- text:", repr(text), "- bytes:", blob, "- infinity:", infinite)
assert (text, blob) == ("be", b"be\0hind"), "it has changed"
assert infinite == "no such column: Inf" or sqlite3.sqlite_version_info > (3, 40, 1), "it has changed"
END
python3 look.py
