#!/bin/sh
# SQLAlchemy 2.1.9: a column that a STRICT table declares as ANY is reflected as NUMERIC; text cannot be inserted.
#
# ANY is the only type of a STRICT table that takes text and bytes; SQLite stores in it what it is given. The
# reflected type converts to float before SQLite sees the value. Seen: "NUMERIC", "refused".
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check sqlalchemy==2.1.9
cat > "$folder/try.py" <<'PYTHON'
import sys

import sqlalchemy

engine = sqlalchemy.create_engine("sqlite://", poolclass=sqlalchemy.StaticPool)
with engine.begin() as connection:
    connection.exec_driver_sql("CREATE TABLE things(thing ANY) STRICT")
    connection.exec_driver_sql("INSERT INTO things VALUES ('text')")
table = sqlalchemy.Table("things", sqlalchemy.MetaData(), autoload_with=engine)
print(table.c.thing.type)
try:
    with engine.begin() as connection:
        connection.execute(table.insert().values(thing="text"))
except (ValueError, TypeError, sqlalchemy.exc.StatementError) as error:
    print("refused:", str(error).splitlines()[0])
    sys.exit(str(table.c.thing.type) != "NUMERIC")
sys.exit("text was taken")
PYTHON
"$folder/venv/bin/python" "$folder/try.py"
