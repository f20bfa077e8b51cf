"""What customers write in the tests, in our own words, and what the models say of it whatever their version."""

from __future__ import annotations

from collections.abc import Iterator

from shared.pb.switchyard.v1.ticket_pb2 import NewMessage

LATE_PARCEL = "Hello, where is my order 48213? It was promised for last Friday and has still not arrived."
CANCEL = "Please cancel my order 77120, I bought the wrong size by mistake."
# nobody could call this calm: it goes to a person
FURIOUS = (
    "This is outrageous! I am furious and sick of your lies, worst company ever. You stole my money and nobody "
    "ever answers! I have been ignored for three weeks!"
)
# nobody could call this angry
THANKS = "Thanks a lot, that works perfectly now. Have a nice day!"
GERMAN = "Guten Tag, mein Paket ist leider immer noch nicht angekommen. Können Sie bitte nachsehen, wo es bleibt?"

_OPENINGS = ("Hi,", "Hello,", "Good morning,", "Dear team,", "")
_REQUESTS = (
    "where is my order {number}?",
    "please cancel order {number}.",
    "I was charged twice for invoice {number}.",
    "the kettle of order {number} leaks.",
    "how do I change the address of order {number}?",
    "I cannot log in since this morning, my id is {number}.",
    "please send me the receipt of {number} again.",
    "does model {number} fit a 40 mm pipe?",
    "thank you, {number} has arrived.",
    "nobody answered my letter {number}, this is a shame!",
)


def letters(tickets: int, messages: int, name: str = "T") -> Iterator[NewMessage]:
    """Short messages, dealt to the tickets in turn, so that those of one ticket are far apart."""
    for number in range(messages):
        opening = _OPENINGS[number % len(_OPENINGS)]
        request = _REQUESTS[number // len(_OPENINGS) % len(_REQUESTS)].format(number=10_000 + number)
        yield NewMessage(
            ticket_id=f"{name}-{number % tickets}",
            message_id=f"m{number // tickets + 1}",
            text=f"{opening} {request}".strip(),
            language="en",
        )
