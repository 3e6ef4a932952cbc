"""The messages between supervisor and worker processes.

protocol  the records, in both directions
frames    their framing on a stream socket
slots     shared memory in which each handler thread says what it has started
"""
