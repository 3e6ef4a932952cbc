"""The only part of the dashboard that calls the core.

A thread that looks, threads that answer, one that changes.
"""

from smq_tui.gateway.gateway import Gateway

__all__ = ["Gateway"]
