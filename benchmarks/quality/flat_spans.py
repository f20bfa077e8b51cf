"""Training examples for a tagger that gives each token one label."""

from __future__ import annotations

from dataclasses import replace

from services.trainer.example import Example, SlotSpan


def flat(example: Example) -> Example:
    """The example without spans that overlap a longer one; for training only, the labels to find stay as they are."""
    kept: list[SlotSpan] = []
    for span in sorted(example.slots or (), key=lambda it: it.start - it.end):
        if all(span.end <= other.start or other.end <= span.start for other in kept):
            kept.append(span)
    return replace(example, slots=tuple(sorted(kept, key=lambda it: it.start)))
