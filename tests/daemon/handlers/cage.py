"""Handlers that misbehave, as the text of a module that runs in worker processes of the zoo alone."""

from __future__ import annotations

from typing import Final

__all__ = ["CAGE"]

CAGE: Final = r"""
import asyncio, atexit, builtins, ctypes, faulthandler, gc, io, multiprocessing, os, re, resource, signal
import socket, subprocess, sys, tempfile, threading, time

def plain(message):
    return None

async def later(message):
    await asyncio.sleep(0.001)

def zoo(message):
    return globals()[message.topic.partition(".")[2]](message)

async def async_zoo(message):
    return await globals()["async_" + message.topic.partition(".")[2]](message)

def broken(*_, **__):
    raise RuntimeError("broken by a handler")

def patch(owner, *names):
    for name in names: setattr(owner, name, broken)

def exit_code(pid): return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])

# ends its process
def reads_address_0(_): ctypes.string_at(0)
def aborts(_): os.abort()
def kills_itself(_): os.kill(os.getpid(), signal.SIGKILL); time.sleep(60)
def stops_itself(_): os.kill(os.getpid(), signal.SIGSTOP); time.sleep(60)
def exits_with_0(_): os._exit(0)
def exits_with_70(_): os._exit(70)
def sets_an_alarm(_): signal.setitimer(signal.ITIMER_REAL, 0.01); time.sleep(60)
def crashes_without_faulthandler(_): faulthandler.disable(); ctypes.string_at(0)

# signals that are the daemon's
def sends_itself_term(_): os.kill(os.getpid(), signal.SIGTERM)
def sends_itself_int(_): os.kill(os.getpid(), signal.SIGINT)
def sends_its_group_term(_): os.kill(0, signal.SIGTERM)
def blocks_signals(_): signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())

# raises
class Odd(BaseException): pass
class Unprintable(Exception):
    def __str__(self): raise ValueError("no text")
    __repr__ = __str__
class Leaving(Exception):
    def __str__(self): sys.exit(1)
    __repr__ = __str__
class Sticky:
    def __del__(self): raise ValueError("while it is collected")
def calls_sys_exit(_): sys.exit("enough")
def raises_keyboard_interrupt(_): raise KeyboardInterrupt
def raises_a_base_exception(_): raise Odd("odd")
def raises_generator_exit(_): raise GeneratorExit
def raises_what_cannot_be_printed(_): raise Unprintable
def raises_what_exits_when_printed(_): raise Leaving
def raises_a_long_chain(_):
    error = ValueError("first")
    for number in range(3000):
        following = ValueError(str(number)); following.__cause__ = error; error = following
    raise error
def raises_when_collected(_): Sticky(); gc.collect()
def recurses(message): recurses(message)
def lowers_the_recursion_limit(_): sys.setrecursionlimit(40)
def fills_the_memory(_):
    kept = []
    while True: kept.append(bytearray(200_000_000))
def returns_a_generator(_): yield
class Pretending:
    @property
    def __class__(self): raise ValueError("no class")
    def __await__(self): raise ValueError("no await")
def returns_what_pretends(_): return Pretending()

# prints
def prints_much(_):
    for number in range(20_000): print(f"line {number} " + "x" * 50)
def prints_a_line_without_end(_): sys.stdout.write("y" * 3_000_000)
def prints_what_is_not_text(_): sys.stdout.buffer.write(bytes(range(256))); os.write(2, b"\xff\xfe\n")
def prints_half_a_character(_): print("\ud800")
def prints_below_python(_):
    library = ctypes.CDLL(None); library.puts(b"by puts"); library.printf(b"by printf")
def removes_stdout(_): sys.stdout = sys.stderr = sys.__stdout__ = sys.__stderr__ = None
def closes_stdout(_): sys.stdout.close(); sys.stderr.close(); sys.__stdout__.close(); print("still")
def detaches_stdout(_): sys.stdout = io.TextIOWrapper(sys.stdout.detach()); print("another wrapper")
class BrokenStream:
    write = flush = close = broken
def breaks_stdout(_): sys.stdout = sys.stderr = BrokenStream()

# descriptors
def our_sockets():
    found = []
    for name in os.listdir("/proc/self/fd"):
        try: target = os.readlink("/proc/self/fd/" + name)
        except OSError: continue
        if target.startswith("socket:"): found.append(int(name))
    return found
def closes_low_descriptors(_): os.closerange(3, 64)
def closes_all_but_standard_ones(_): os.closerange(3, 65536)
def closes_all_descriptors(_): os.closerange(0, 65536)
def closes_standard_descriptors(_): os.closerange(0, 3)
def closes_in_a_thread(_):
    thread = threading.Thread(target=os.closerange, args=(3, 256)); thread.start(); thread.join()
def closes_sockets(_):
    for number in our_sockets(): os.close(number)
def puts_a_file_over_sockets(_):
    file = os.open("handlers-file", os.O_RDWR | os.O_CREAT)
    for number in our_sockets(): os.dup2(file, number)
def puts_a_socket_over_sockets(_):
    ours = our_sockets(); one, other = socket.socketpair()
    for number in ours: os.dup2(one.fileno(), number)
    one.detach(); other.detach()
def shuts_sockets_down(_):
    for number in our_sockets():
        with socket.socket(fileno=os.dup(number)) as copied: copied.shutdown(socket.SHUT_RDWR)
    time.sleep(60)
def writes_into_sockets(_):
    for number in our_sockets(): os.write(number, b"junk")
def reads_from_sockets(_):
    for number in our_sockets():
        with socket.socket(fileno=os.dup(number)) as copied:
            try: copied.recv(5, socket.MSG_DONTWAIT)
            except OSError: pass
def steals_frames(_):
    while True:
        for number in filter(os.get_blocking, our_sockets()): os.read(number, 65536)
def leaves_a_thread_that_steals_frames(message):
    for _ in range(8):
        threading.Thread(target=steals_frames, args=(message,), daemon=True).start()
def reads_all_descriptors(_):
    for name in os.listdir("/proc/self/fd"):
        if int(name) > 2:
            try: os.read(int(name), 65536)
            except OSError: pass
def lets_sockets_not_wait(_):
    for number in our_sockets(): os.set_blocking(number, False)

# the process as a whole
def changes_folder(_): os.chdir("/")
def removes_its_folder(_): folder = tempfile.mkdtemp(); os.chdir(folder); os.rmdir(folder)
def changes_umask(_): os.umask(0o777)
def empties_the_environment(_): os.environ.clear()
def deletes_modules(_):
    for name in list(sys.modules):
        if name not in ("sys", "builtins"): del sys.modules[name]
def allows_no_descriptors(_): resource.setrlimit(resource.RLIMIT_NOFILE, (3, 3))
def allows_no_file_size(_): resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
def allows_little_memory(_): resource.setrlimit(resource.RLIMIT_AS, (1 << 20, 1 << 30))
def allows_no_processes(_): resource.setrlimit(resource.RLIMIT_NPROC, (1, 1))
def is_nice(_): os.nice(5)
def leaves_its_session(_): os.setsid()
def leaves_its_group(_): os.setpgid(0, os.getppid())
def ignores_sigchld(_): ctypes.CDLL(None).signal(int(signal.SIGCHLD), 1)
def reaps_all_children(_):
    subprocess.Popen(["true"])
    end = time.monotonic() + 0.2
    while time.monotonic() < end:
        try: os.waitpid(-1, os.WNOHANG)
        except ChildProcessError: pass
def leaves_an_exit_handler(_): atexit.register(time.sleep, 60)
def replaces_hooks(_):
    sys.excepthook = threading.excepthook = sys.unraisablehook = broken
    threading.Thread(target=broken).start(); Sticky()

# threads
def leaves_a_thread(_): threading.Thread(target=threading.Event().wait).start()
def leaves_a_thread_that_fails(_): threading.Thread(target=broken, daemon=True).start()
def leaves_a_thread_that_prints(_):
    def chatter():
        while True: print("chatter", end=""); time.sleep(0.001)
    threading.Thread(target=chatter, daemon=True).start()
def traces(_): sys.setprofile(broken); sys.settrace(broken)

# forks
def forks_and_returns(_): os.fork()
def forks_and_fails(_):
    pid = os.fork()
    if pid == 0: raise RuntimeError("in the copy")
    if exit_code(pid) == 1: raise RuntimeError("the copy failed, as it should")
def forks_and_sleeps(_):
    if os.fork() == 0: threading.Event().wait()
def forks_often(_):
    for number in range(20):
        if os.fork() == 0: sys.exit(number)
def forks_a_pool(_):
    with multiprocessing.get_context("fork").Pool(2) as pool: assert pool.map(abs, [-1, -2]) == [1, 2]

# puts other functions in the place of Python's own
def patches_time(_):
    patch(time, "time", "monotonic", "perf_counter", "time_ns", "monotonic_ns", "sleep")
def patches_os(_):
    patch(os, "write", "read", "fstat", "getpid", "getppid", "_exit", "waitpid", "waitid", "close")
def patches_threading(_):
    patch(threading, "Event", "Lock", "RLock", "Thread", "current_thread", "get_ident", "local")
def patches_socket(_):
    patch(socket.socket, "send", "sendall", "recv", "recv_into", "close", "setblocking")
def patches_builtins(_): builtins.print = builtins.open = broken
def patches_subprocess(_): subprocess.Popen.wait = subprocess.Popen.poll = subprocess.run = broken

# does not end
def waits_for_ever(_): threading.Event().wait()
def loops_in_c(_): re.match(r"(a+)+$", "a" * 60 + "b")
def swallows_its_timeout(_):
    while True:
        try: time.sleep(0.01)
        except BaseException: pass

# asynchronous
async def async_exits(_): sys.exit(1)
async def async_exits_in_a_task(_): await asyncio.create_task(async_exits(None))
async def async_is_interrupted(_): raise KeyboardInterrupt
async def async_stops_the_loop(_): asyncio.get_running_loop().stop()
async def async_closes_the_loop(_): asyncio.get_running_loop().close()
async def async_closes_the_selector(_): asyncio.get_running_loop()._selector.close(); await asyncio.sleep(60)
async def async_closes_descriptors(_): os.closerange(3, 65536); await asyncio.sleep(60)
async def async_waits(_): await asyncio.Event().wait()
async def async_blocks(_): time.sleep(60)
async def async_swallows_cancellation(_):
    while True:
        try: await asyncio.sleep(0.01)
        except asyncio.CancelledError: pass
async def async_cancels_everybody(_):
    for task in asyncio.all_tasks(): task.cancel()
    await asyncio.sleep(0)
async def async_forks(_): os.fork()
async def async_forks_and_awaits(_):
    pid = os.fork()
    await asyncio.sleep(0)
    if exit_code(pid) == 1: raise RuntimeError("the copy ended, as it should")
async def async_leaves_a_task(_):
    async_zoo.kept = asyncio.create_task(asyncio.sleep(600))
async def async_leaves_a_task_that_fails(_):
    async_zoo.kept = asyncio.create_task(async_exits(None))
async def async_raises_stop_iteration(_): raise StopIteration
async def async_floods_the_loop(_):
    for _ in range(20_000): asyncio.get_running_loop().call_soon(int)
"""
