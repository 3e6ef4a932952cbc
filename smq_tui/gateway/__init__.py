"""Reads and writes the database; apart from the demonstration, nothing else in the dashboard does.

gateway        takes requests on the thread of the screen, and carries them out on others
poller         the thread that reads what is shown all the time
lane           a thread that does one job after another
reads          requests that change nothing
changes        requests that change the database
progress       the progress of long requests
excerpts       the part of a payload in which words were found. Pure
file_identity  notices that the database's file was moved or replaced
write_access   whether this user may write the database
"""

from smq_tui.gateway.gateway import Gateway

__all__ = ["Gateway"]
