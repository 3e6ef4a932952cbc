"""Messages of a shop that does not exist, as its programs would send them. Pure: chance is passed in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from random import Random

    from smq_tui.values import Payload

__all__ = ["TOPICS", "WEIGHTS", "make_payload"]

TOPICS: Final = ("orders", "mail", "thumbnails", "invoices", "search-index")
WEIGHTS: Final = (5, 4, 3, 1, 6)
_INCOMPLETE: Final = 0.025
"""Part of the orders that do not say where to ship to: their handler fails at that."""
_NAMES: Final = (
    "Ada",
    "Bruno",
    "Chiara",
    "Dmitri",
    "Esi",
    "Farid",
    "Grete",
    "Hiro",
    "Inés",
    "Jonas",
    "李娜",
    "مريم",
)
_CITIES: Final = ("Lisbon", "Graz", "Tromsø", "Łódź", "Osaka", "Accra", "Montréal", "Split")
_GOODS: Final = (
    ("KT-204", "kettle, enamelled", 3490),
    ("LM-118", "reading lamp", 5900),
    ("NB-007", "notebook, dotted, A5", 890),
    ("CH-550", "folding chair", 7450),
    ("TW-031", "tea towels, set of three", 1250),
    ("PL-009", "plant pot, terracotta", 1690),
)
_SUBJECTS: Final = (
    "Your order is on its way",
    "We could not charge your card",
    "Welcome to the garden newsletter",
    "The chair you looked at is back in stock",
    "Your return has arrived",
)


def make_payload(topic: str, number: int, random: Random) -> Payload:
    """Make one message of a topic."""
    name = random.choice(_NAMES)
    if topic == "orders":
        where = {} if random.random() < _INCOMPLETE else {"ship_to": random.choice(_CITIES)}
        return {
            "order": 48_000 + number,
            "customer": name,
            **where,
            "lines": [
                {"sku": sku, "label": label, "pieces": random.randint(1, 3), "cents": cents}
                for sku, label, cents in random.choices(_GOODS, k=random.randint(1, 4))
            ],
            "gift": random.random() < 0.2,
        }
    if topic == "mail":
        address = f"customer-{random.randint(1, 4_000)}@example.org"
        return {"to": address, "subject": random.choice(_SUBJECTS), "dear": name}
    if topic == "thumbnails":
        return {"image": f"uploads/{number % 97:02}/{number:06}.jpg", "sizes": [160, 480, 1280]}
    if topic == "invoices":
        return f"invoice {number:05} for {name}, {random.choice(_CITIES)}, due in 14 days"
    sku, label, _ = random.choice(_GOODS)
    return {"sku": sku, "label": label, "changed": random.choice(["price", "stock", "text"])}
