#!/bin/sh
# better-sqlite3 12.11.1: in WAL mode a commit is not flushed: `synchronous` is NORMAL there by default.
#
# It is built with SQLITE_DEFAULT_WAL_SYNCHRONOUS=1, unlike the sqlite3 command, Python's module and SQLite's own
# default (FULL): what was committed may be gone after a power loss. Seen: "delete: 2 wal: 1".
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund better-sqlite3@12.11.1 > /dev/null
cat > try.js <<'NODE'
const Database = require("better-sqlite3");
const before = new Database("a.sqlite3");
const delete_ = before.pragma("synchronous", { simple: true });
before.pragma("journal_mode = WAL");
before.exec("CREATE TABLE t(a)");
before.close();
const after = new Database("a.sqlite3");
after.exec("INSERT INTO t VALUES (1)");
const wal = after.pragma("synchronous", { simple: true });
console.log(`delete: ${delete_} wal: ${wal}`);
process.exit(delete_ === 2 && wal === 1 ? 0 : 1);
NODE
node try.js
