"""E-mail and web addresses (RFC 5321 and RFC 3986, as people write them)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from services.slots.candidate import Candidate, Rank
from services.slots.words import word_set

_LABEL = r"[^\W_](?:[\w-]{0,61}+(?<![-_]))?+"
_DOMAIN = rf"{_LABEL}(?:\.{_LABEL}){{1,6}}+"
# "@@" is a common slip; it is read as one "@".
_EMAIL = re.compile(rf"(?<![\w.+%-])[\w.+%'’-]{{1,64}}+@{{1,2}}+{_DOMAIN}")
_URL = re.compile(r"(?<![\w@])(?:https?://|www\.)[^\s<>\"“”|\\^`{}]{2,2048}", re.IGNORECASE)
_BARE = re.compile(rf"(?<![\w@.:/-]){_DOMAIN}(?::\d{{2,5}})?(?:/[^\s<>\"“”|\\^`{{}}]{{0,1024}})?(?!@)")

_INNER_DOT = re.compile(r"\w\.\w")

_CLOSING = ".,;:!?'’*_~…"
_BRACKETS = {")": "(", "]": "["}
# Endings that make a dotted word a web address. Country codes that are words of English or that
# follow a full stop without a space ("done.it", "ok.so") count only with a path or a third label.
_ENDINGS = word_set(
    "com net org edu gov mil int info biz shop store app dev io ai co cloud online site web tech blog "
    "news example test eu uk us de fr es it nl be ch at se no dk fi pl pt cz sk hu ro gr ie ru ua tr "
    "il ae sa in cn jp kr tw hk sg my id th vn ph au nz ca mx br ar cl za ng ke eg me tv ly gg to is"
)
_ALSO_WORDS = word_set("in it is me no to be at us my id de es se co ai so as app web test news site")


def emails(text: str) -> Iterator[Candidate]:
    """E-mail addresses; nothing else has their form."""
    if "@" not in text:
        return
    for match in _EMAIL.finditer(text):
        start, end = match.span()
        start += len(match.group()) - len(match.group().lstrip(".'’-+%"))
        if text[start] != "@" and text[end - 1] not in _CLOSING:
            yield Candidate("email", start, end, Rank.VALIDATED, 0.99)


def urls(text: str) -> Iterator[Candidate]:
    """Web addresses, with scheme or "www.", and bare domains with a well-known ending."""
    if not _INNER_DOT.search(text):
        return
    if "://" in text or "ww." in text or "WW." in text or "Ww." in text:
        for match in _URL.finditer(text):
            end = _trimmed(text, match.start(), match.end())
            if end - match.start() > 6:
                yield Candidate("url", match.start(), end, Rank.VALIDATED, 0.99)
    for match in _BARE.finditer(text):
        end = _trimmed(text, match.start(), match.end())
        if _is_site(text[match.start() : end]) and not _URL.match(text, match.start(), end):
            yield Candidate("url", match.start(), end, Rank.FORMAT, 0.9)


def _trimmed(text: str, start: int, end: int) -> int:
    """The end without the sentence's punctuation and without a bracket that opened before the address."""
    while end > start:
        last = text[end - 1]
        opening = _BRACKETS.get(last)
        if last in _CLOSING or (opening and text.count(opening, start, end) < text.count(last, start, end)):
            end -= 1
        else:
            break
    return end


def _is_site(address: str) -> bool:
    host, slash, _ = address.partition("/")
    labels = host.partition(":")[0].lower().split(".")
    ending = labels[-1]
    if ending not in _ENDINGS or not all(labels) or labels[-2].isdigit():
        return False
    return ending not in _ALSO_WORDS or bool(slash) or len(labels) > 2
