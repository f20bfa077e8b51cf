"""All settings, and the choice among them."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.quality.sets import banking77, brighter, clinc150, goemotions, multidogo, nlupp, restaurant8k
from benchmarks.quality.setting import Setting


def all_settings() -> list[Setting]:
    """In the order of the table."""
    sets = (nlupp, banking77, clinc150, multidogo, restaurant8k, goemotions, brighter)
    return [setting for each in sets for setting in each.settings()]


def chosen_settings(settings: Sequence[Setting], prefixes: Sequence[str]) -> list[Setting]:
    """Those whose "set/name" begins with one of ``prefixes``; all where none is given.

    Raises ValueError for a prefix of none.
    """
    for prefix in prefixes:
        if not any(setting.id.startswith(prefix) for setting in settings):
            known = "\n  ".join(setting.id for setting in settings)
            raise ValueError(f"no setting begins with {prefix!r}; there are\n  {known}")
    return [it for it in settings if not prefixes or any(it.id.startswith(prefix) for prefix in prefixes)]
