"""Cuts a direct call into pieces short enough to let others in between."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from shared.domain.ticket import Utterance

# A batch of the pipeline is no larger by default, and a page of text takes a few dozen milliseconds.
MOST_UTTERANCES = 16
MOST_CHARACTERS = 4000


def slices(utterances: Sequence[Utterance]) -> Iterator[Sequence[Utterance]]:
    """All of them in their order, few at a time and of few characters together; a longer one is alone."""
    begin, characters = 0, 0
    for index, utterance in enumerate(utterances):
        full = index - begin == MOST_UTTERANCES or characters + len(utterance.text) > MOST_CHARACTERS
        if full and index > begin:
            yield utterances[begin:index]
            begin, characters = index, 0
        characters += len(utterance.text)
    if begin < len(utterances):
        yield utterances[begin:]
