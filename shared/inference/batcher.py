"""Groups texts of like length into batches, so that little is spent on padding."""

from __future__ import annotations

from collections.abc import Sequence


def plan_batches(
    lengths: Sequence[int], *, token_budget: int = 1024, max_batch: int = 8, overhead_tokens: int = 8
) -> list[list[int]]:
    """Split texts into batches at the least total cost.

    A batch costs ``overhead_tokens + longest * count``: every text is padded to the longest, and
    a call has a fixed price, given in tokens. Over texts sorted by length the best split into
    runs is found exactly by dynamic programming in O(n * max_batch).

    Args:
        lengths: tokens of each text, special tokens included.
        token_budget: most padded tokens in a batch; a single longer text is a batch by itself.
        max_batch: most texts in a batch.
        overhead_tokens: price of one call, in tokens of compute.

    Returns:
        Batches of indices into ``lengths``, short texts first; every index occurs exactly once.
    """
    if token_budget < 1 or max_batch < 1 or overhead_tokens < 0:
        raise ValueError("token_budget and max_batch must be at least 1, overhead_tokens at least 0")
    order = sorted(range(len(lengths)), key=lengths.__getitem__)
    # best[i]: least cost of the first i texts; cut[i]: where the last batch of that split begins
    best = [0] * (len(order) + 1)
    cut = [0] * (len(order) + 1)
    for end in range(1, len(order) + 1):
        longest = lengths[order[end - 1]]
        best[end], cut[end] = best[end - 1] + overhead_tokens + longest, end - 1
        for start in range(end - 2, max(end - max_batch, 0) - 1, -1):
            padded = longest * (end - start)
            if padded > token_budget:
                break
            cost = best[start] + overhead_tokens + padded
            if cost <= best[end]:
                best[end], cut[end] = cost, start
    batches: list[list[int]] = []
    end = len(order)
    while end > 0:
        batches.append(order[cut[end] : end])
        end = cut[end]
    batches.reverse()
    return batches
