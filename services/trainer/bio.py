"""BIO tags of tokens from slot spans, and back (Ramshaw and Marcus 1995).

All sub-words of a slot are tagged: the first token B, the rest I. Tokens without extent (the
special ones) have the offsets (0, 0) and no tag.
"""

from __future__ import annotations

from collections.abc import Sequence

from services.trainer.example import SlotSpan


def spans_to_tags(spans: Sequence[SlotSpan], offsets: Sequence[tuple[int, int]]) -> list[str | None]:
    """A tag for each token; None for tokens without extent. A token belongs to a span it overlaps."""
    tags: list[str | None] = [None if start == end else "O" for start, end in offsets]
    for span in spans:
        prefix = "B"
        for index, (start, end) in enumerate(offsets):
            if start < end and start < span.end and end > span.start:
                tags[index] = f"{prefix}-{span.type}"
                prefix = "I"
    return tags


def tags_to_spans(tags: Sequence[str | None], offsets: Sequence[tuple[int, int]]) -> list[SlotSpan]:
    """Spans of a tag sequence; an I that does not continue its own type begins a span."""
    spans: list[SlotSpan] = []
    open_type: str | None = None
    for tag, (start, end) in zip(tags, offsets, strict=True):
        if tag is None or start == end:
            continue
        prefix, _, kind = tag.partition("-")
        if prefix == "O":
            open_type = None
        elif prefix == "I" and kind == open_type:
            spans[-1] = SlotSpan(kind, spans[-1].start, end)
        else:
            spans.append(SlotSpan(kind, start, end))
            open_type = kind
    return spans
