#!/bin/sh
# Python's concurrent.futures.Future as a bridge to asyncio (seen with 3.11 to 3.13). Expected, from its documentation: a call
# that runs cannot be cancelled, cancel() is False then; where it is True, nothing runs any more. Seen: the future that
# asyncio.run_coroutine_threadsafe() returns is never marked as running, so that cancel() is True and cancelled() and done()
# are too at once, while the coroutine writes its result; it is told only when it next awaits, and may refuse. The other way
# round, asyncio.wrap_future() of an executor's call is cancelled at once, while the thread goes on to its end. Whoever gives
# a job back to a queue because its future says "cancelled" has it done twice.
set -eu
folder=$(mktemp -d) && trap 'rm -rf "$folder"' EXIT && cd "$folder"
cat >look.py <<'END'
import asyncio, concurrent.futures, threading

done = []

def from_a_thread():
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    begun, go_on = threading.Event(), threading.Event()

    async def job():
        begun.set()
        go_on.wait()
        done.append("coroutine")

    future = asyncio.run_coroutine_threadsafe(job(), loop)
    begun.wait()
    said = (future.cancel(), future.cancelled(), future.done(), list(done))
    go_on.set()
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    return said

async def from_a_loop():
    go_on = threading.Event()
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        call = pool.submit(lambda: go_on.wait() and done.append("thread"))
        while not call.running():
            await asyncio.sleep(0)
        future = asyncio.wrap_future(call)
        said = (future.cancel(), future.cancelled(), future.done(), call.cancelled())
        go_on.set()
    return said

coroutine, thread = from_a_thread(), asyncio.run(from_a_loop())
print("coroutine:", coroutine, "thread:", thread, "done afterwards:", done)
assert coroutine == (True, True, True, []) and thread == (True, True, True, False), "it has changed"
assert done == ["coroutine", "thread"], "it has changed"
END
python3 look.py
