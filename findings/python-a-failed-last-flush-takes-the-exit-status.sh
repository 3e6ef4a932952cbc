#!/bin/sh
# CPython (seen with 3.11 to 3.13): a program ends with sys.exit(3), its output full or closed. Expected: 3, or 1 with a
# traceback. Seen: 120. Output to a file or pipe is kept until the end, and where that last flush fails the interpreter
# replaces whatever status the program chose by 120: success and a status that meant "try again later" alike. With
# PYTHONUNBUFFERED=1 (usual in containers) print() itself fails and the same program ends with 1; a child of
# multiprocessing has exitcode 1. Who reads a meaning from a job's status has to know 120, and may not read "failed for
# good" from it: the work was done, only its words were lost.
set -eu
unset PYTHONUNBUFFERED
status() { said=0; "$@" >/dev/full 2>/dev/null || said=$?; }
status python3 -c 'print("sent")' && success=$said
status python3 -c 'import sys; print("sent"); sys.exit(3)' && chosen=$said
status env PYTHONUNBUFFERED=1 python3 -c 'import sys; print("sent"); sys.exit(3)' && unbuffered=$said
status python3 -c '
import multiprocessing, sys
child = multiprocessing.get_context("fork").Process(target=print, args=["sent"])
child.start()
child.join()
sys.exit(100 + child.exitcode)' && child=$((said - 100))
python3 --version
echo "success: $success, sys.exit(3): $chosen, the same unbuffered: $unbuffered, child of multiprocessing: $child"
test "$success $chosen $unbuffered $child" = "120 120 1 1"
