"""Examples as a service's model will read them: with the pack's lexicon written out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from services.trainer.example import Example, SentenceSpan, SlotSpan
from shared.inference.lexicon import Expander


def as_read(examples: Iterable[Example], lexicon: Expander) -> list[Example]:
    """The examples with terms written out; spans follow, and one that touches a term holds all that it stands for.

    Terms of tenants stay as they are: examples belong to none.
    """
    return [_written_out(example, lexicon) for example in examples]


def _written_out(example: Example, lexicon: Expander) -> Example:
    expanded = lexicon.expand(example.text)
    if not expanded.expansions:
        return example
    slots = example.slots and tuple(
        SlotSpan(slot.type, *expanded.read(slot.start, slot.end)) for slot in example.slots
    )
    sentences = tuple(SentenceSpan(*expanded.read(it.start, it.end)) for it in example.key_sentences)
    return replace(example, text=expanded.text, slots=slots, key_sentences=sentences)
