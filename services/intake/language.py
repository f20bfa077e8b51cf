"""Where the benchmarks look for the language of a message; services take it from `shared.language`."""

from __future__ import annotations

from shared.language import LanguageIdentifier

__all__ = ["LanguageIdentifier"]
