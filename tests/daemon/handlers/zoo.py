"""Handlers that misbehave, each in a way of its own, and what becomes of each one's message.

They stand in `tests.daemon.handlers.cage`, and are called by the last part of their message's topic.
"""

from __future__ import annotations

from typing import Final

__all__ = ["ANIMALS", "ASYNC_ANIMALS", "CONFIG"]

DONE: Final = {"done"}
DEAD: Final = {"dead"}
EITHER: Final = DONE | DEAD

ANIMALS: Final = {
    # ends its process
    "reads_address_0": DEAD,
    "aborts": DEAD,
    "kills_itself": DEAD,
    "stops_itself": DEAD,
    "exits_with_0": DEAD,
    "exits_with_70": DEAD,
    "sets_an_alarm": DEAD,
    "crashes_without_faulthandler": DEAD,
    # signals that are the daemon's
    "sends_itself_term": DONE,
    "sends_itself_int": DONE,
    "sends_its_group_term": DONE,
    "blocks_signals": DONE,
    # raises
    "calls_sys_exit": DEAD,
    "raises_keyboard_interrupt": DEAD,
    "raises_a_base_exception": DEAD,
    "raises_generator_exit": DEAD,
    "raises_what_cannot_be_printed": DEAD,
    "raises_what_exits_when_printed": DEAD,
    "raises_a_long_chain": DEAD,
    "raises_when_collected": DONE,
    "recurses": DEAD,
    "lowers_the_recursion_limit": EITHER,
    "fills_the_memory": DEAD,
    "returns_a_generator": DEAD,
    "returns_what_pretends": EITHER,
    # prints
    "prints_much": DONE,
    "prints_a_line_without_end": DONE,
    "prints_what_is_not_text": DONE,
    "prints_half_a_character": DONE,
    "prints_below_python": DONE,
    "removes_stdout": DONE,
    "closes_stdout": DONE,
    "detaches_stdout": DONE,
    "breaks_stdout": EITHER,
    # descriptors
    "closes_low_descriptors": EITHER,
    "closes_all_but_standard_ones": DEAD,
    "closes_all_descriptors": DEAD,
    "closes_standard_descriptors": EITHER,
    "closes_in_a_thread": EITHER,
    "closes_sockets": DEAD,
    "puts_a_file_over_sockets": DEAD,
    "puts_a_socket_over_sockets": DEAD,
    "shuts_sockets_down": DEAD,
    "writes_into_sockets": EITHER,
    "reads_from_sockets": EITHER,
    "steals_frames": DEAD,
    "leaves_a_thread_that_steals_frames": DONE,
    "reads_all_descriptors": EITHER,
    "lets_sockets_not_wait": EITHER,
    # the process as a whole
    "changes_folder": DONE,
    "removes_its_folder": DONE,
    "changes_umask": DONE,
    "empties_the_environment": DONE,
    "deletes_modules": DONE,
    "allows_no_descriptors": EITHER,
    "allows_no_file_size": EITHER,
    "allows_little_memory": EITHER,
    "allows_no_processes": DONE,
    "is_nice": DONE,
    "leaves_its_session": DEAD,
    "leaves_its_group": DEAD,
    "ignores_sigchld": DONE,
    "reaps_all_children": DONE,
    "leaves_an_exit_handler": DONE,
    "replaces_hooks": DONE,
    # threads
    "leaves_a_thread": DONE,
    "leaves_a_thread_that_fails": DONE,
    "leaves_a_thread_that_prints": DONE,
    "traces": EITHER,
    # forks
    "forks_and_returns": DONE,
    "forks_and_fails": DEAD,
    "forks_and_sleeps": DONE,
    "forks_often": DONE,
    "forks_a_pool": DONE,
    # puts other functions in the place of Python's own
    "patches_time": EITHER,
    "patches_os": EITHER,
    "patches_threading": EITHER,
    "patches_socket": EITHER,
    "patches_builtins": EITHER,
    "patches_subprocess": EITHER,
    # does not end
    "waits_for_ever": DEAD,
    "loops_in_c": DEAD,
    "swallows_its_timeout": DEAD,
}

ASYNC_ANIMALS: Final = {
    "exits": DEAD,
    "exits_in_a_task": DEAD,
    "is_interrupted": DEAD,
    "stops_the_loop": DONE,
    "closes_the_loop": DEAD,
    "closes_the_selector": DEAD,
    "closes_descriptors": DEAD,
    "waits": DEAD,
    "blocks": DEAD,
    "swallows_cancellation": DEAD,
    "cancels_everybody": DEAD,
    "forks": DONE,
    "forks_and_awaits": DEAD,
    "leaves_a_task": DONE,
    "leaves_a_task_that_fails": DONE,
    "raises_stop_iteration": DEAD,
    "floods_the_loop": DONE,
}

CONFIG: Final = """
processes = 2
threads = 2
memory_limit = "1GiB"
grace = "1s"
[[handler]]
topic = "zoo.*"
run = "handlers:zoo"
timeout = "1s"
kill_after = "0.5s"
[[handler]]
topic = "async.*"
run = "handlers:async_zoo"
timeout = "1s"
kill_after = "0.5s"
[[handler]]
topic = "neighbour.plain"
run = "handlers:plain"
[[handler]]
topic = "neighbour.async"
run = "handlers:later"
[[handler]]
topic = "neighbour.command"
command = "cat"
"""
