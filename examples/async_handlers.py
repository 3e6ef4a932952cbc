"""An asynchronous handler for smq-daemon: `async def` functions run on one event loop in each worker process.

    smq send fetch '["https://example.org/a", "https://example.org/b"]'
    smq-daemon --handler fetch=async_handlers:fetch --threads 300

`--threads` is the number of messages that each process runs concurrently on its event loop. Hundreds are
fine, because a thread only waits for its coroutine. A timeout cancels the task.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from smq_core import HandlerMessage


async def fetch(message: HandlerMessage) -> None:
    """Fetch several addresses at once."""
    addresses = message.payload if isinstance(message.payload, list) else []
    sizes = await asyncio.gather(*(_size_of(str(address)) for address in addresses))
    print(f"message {message.id}: {sum(sizes)} bytes of {len(sizes)} pages")


async def _size_of(address: str) -> int:
    # stands in for a request: it must await instead of blocking its thread
    await asyncio.sleep(0)
    return len(address)
