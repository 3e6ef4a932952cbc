#!/bin/sh
# INSERT … RETURNING to SQLite through PHP 8.2.36 (class SQLite3) and LuaSQL 2.6.0 (Debian 12). Expected: a statement that is
# given once runs once. Seen: twice, without an error. Both step the statement once to see whether it has rows, reset it, and
# step it again as the rows are fetched; that does no harm to a SELECT, while here each step inserts. PHP's query() and
# execute() do so, querySingle() and PDO do not. Each job is put into the queue twice, or two are taken where one is meant.
# Needs a php with the sqlite3 and pdo_sqlite extensions; Lua comes from Debian's packages, unpacked into the temporary folder.
set -eu
folder=$(mktemp -d) && trap 'rm -rf "$folder"' EXIT && cd "$folder"
apt-get download -qq lua5.4 lua-sql-sqlite3=2.6.0-2 lua-sql-common 2>/dev/null || apt-get download -qq lua5.4 lua-sql-sqlite3=2.6.0-2
for package in ./*.deb; do dpkg -x "$package" .; done
cat >query.php <<'END'
<?php
[, $way, $insert] = $argv;
$base = $way === "pdo" ? new PDO("sqlite:jobs.db") : new SQLite3("jobs.db");
match ($way) {
    "query" => $base->query($insert)->fetchArray(),
    "execute" => $base->prepare($insert)->execute()->fetchArray(),
    "single" => $base->querySingle($insert),
    "pdo" => $base->query($insert)->fetchAll(),
};
END
cat >query.lua <<'END'
local connection = require("luasql.sqlite3").sqlite3():connect("jobs.db")
connection:execute(arg[1]):fetch()
END
rows() {
    rm -f jobs.db
    python3 -c 'import sqlite3; sqlite3.connect("jobs.db").execute("CREATE TABLE job(id INTEGER PRIMARY KEY, topic TEXT)")'
    "$@" "INSERT INTO job(topic) VALUES ('mail') RETURNING id"
    python3 -c 'import sqlite3; print(*sqlite3.connect("jobs.db").execute("SELECT count(*) FROM job").fetchone(), end="")'
}
export LUA_CPATH="$folder/usr/lib/$(uname -m)-linux-gnu/lua/5.4/?.so"
seen="query $(rows php query.php query), execute $(rows php query.php execute), querySingle $(rows php query.php single),"
seen="$seen PDO $(rows php query.php pdo), LuaSQL $(rows ./usr/bin/lua5.4 query.lua)"
echo "rows after one INSERT: $seen"
test "$seen" = "query 2, execute 2, querySingle 1, PDO 1, LuaSQL 2"
