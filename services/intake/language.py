"""Where the benchmarks look for the language of a message; services take it from `shared.language`."""

from __future__ import annotations

from shared import language


class LanguageIdentifier(language.LanguageIdentifier):
    """Loaded once it is there."""

    def __init__(self, default: str) -> None:
        super().__init__(default)
        self.wait()
