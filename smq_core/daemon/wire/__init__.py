"""The messages between the supervisor and the worker processes.

protocol  the records, in both directions
frames    their framing on a stream socket
slots     shared memory in which each handler thread says what it has started
"""
