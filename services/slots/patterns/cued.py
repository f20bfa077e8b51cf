"""Ids beside the word that announces them: "order no. 4471-B", "Bestellung: 88 012 887", "ticket #0932-QT"."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from services.slots.candidate import Candidate, Rank
from services.slots.words import PhraseTable, Word

# What may stand between a cue and its id. Possessive throughout: one way to read it, linear time.
_LINK = re.compile(
    r"(?:[\s:#.()\"'“”„\[=\-–—]{0,3}+(?:number|numbers|no|nr|nos|num|id|ids|ref|refs|reference|code|called|is|was|are|were|the|my|"
    r"nummer|numéro|número|numero|n°|nº|v|ver|version|release)(?![^\W_])){0,3}+[\s:#.(\"'“”„\[=\-–—]{0,4}+",
    re.IGNORECASE,
)
_ID = re.compile(r"[^\W_](?:[-_/.·]?[^\W_]){1,39}+(?![^\W_])", re.ASCII)
_CHUNK = re.compile(r" (?=[A-Za-z]{0,3}\d)[^\W_](?:[-/.]?[^\W_]){1,7}+(?![^\W_]|[-/.][^\W_])", re.ASCII)
_LETTERS_CHUNK = re.compile(r"[A-Z]{1,4}(?= [A-Z]{0,2}\d)")
_VERSION = re.compile(
    r"v?(\d{1,4}(?:\.\d{1,6}){1,4}+(?:[a-z](?![a-z]))?(?:-[a-z0-9]{1,8}+)?)(?![^\W_])", re.IGNORECASE
)
_BUILD = re.compile(r" ?\((?:build\s)?\d{1,8}\)", re.IGNORECASE)
_ERROR = re.compile(r"[^\W_](?:[-_/.]?[^\W_]){1,39}+(?![^\W_])", re.ASCII)
_COUPON = re.compile(r"[A-Za-z0-9](?:[-_]?[A-Za-z0-9]){3,24}+%?(?![^\W_])", re.ASCII)
_FURTHER = re.compile(r"(?:,|;|/|&|,? and| und| et| y| or)\s{1,2}#?", re.IGNORECASE)
_YEAR = re.compile(r"(?:19|20)\d\d")
_DATE = re.compile(r"\d{1,2}[./-]\d{1,2}(?:[./-](?:\d{4}|\d{2}))?|(?:19|20)\d\d[./-]\d{1,2}[./-]\d{1,2}")
_UNIT = re.compile(
    r"\s{0,2}(?:%|(?:days?|weeks?|months?|years?|hours?|hrs?|min|minutes?|times?|am|pm|st|nd|rd|th|euros?|eur|usd|gbp|dollars?|"
    r"pounds?|items?|pieces?|people|kg|cm|mm|jan\w*|feb\w*|mar(?:ch)?|apr\w*|may|june?|july?|aug\w*|sep\w*|oct\w*|nov\w*|dec\w*)(?![^\W_]))|[€$£]",
    re.IGNORECASE,
)
_COUNTED = re.compile(r"\d{1,4}(?:am|pm|st|nd|rd|th|x|h|days?|kg|cm|mm|gb|mb|k)", re.IGNORECASE)
_SINGLE = re.compile(r" \d(?![\w.,:/%-]|\s?[€$£])", re.ASCII)
_HASH = re.compile(
    r"(?<![\w&/])#(?=[A-Za-z-]{0,8}\d)([A-Za-z0-9](?:[-/]?[A-Za-z0-9]){3,23}+)(?![^\W_])", re.ASCII
)
_MOST_IN_A_LIST = 8
# Cues under this type announce nothing: they keep "one-time code 1234" from being a coupon.
IGNORED = "none"

_CONFIDENCE = {"coupon_code": 0.6, "error_code": 0.65, "app_version": 0.7}


def cue_table(cues: Mapping[str, Sequence[str]]) -> PhraseTable[str]:
    """The cue words of ``slots.yaml`` as a lookup table from phrase to slot type."""
    return PhraseTable((phrase, kind) for kind, phrases in cues.items() for phrase in phrases)


def cued_ids(text: str, words: Sequence[Word], cues: PhraseTable[str]) -> Iterator[Candidate]:
    """Ids that a cue word announces, and "#4471" without any, which is read as an order's."""
    announced: set[int] = set()
    for match in cues.find(text, words):
        if match.payload == IGNORED:
            continue
        for start, end in _after_cue(text, words[match.first], words[match.last - 1], match.payload):
            announced.add(start)
            yield _candidate(text, start, end, match.payload)
    if "#" in text:
        for hashed in _HASH.finditer(text):
            if hashed.start(1) not in announced and sum(c.isdigit() for c in hashed.group(1)) >= 3:
                yield Candidate("order_id", hashed.start(1), hashed.end(1), Rank.CONTEXT, 0.55)


def _after_cue(text: str, first: Word, last: Word, kind: str) -> Iterator[tuple[int, int]]:
    """Spans of the ids after a cue of the words from ``first`` to ``last``: one, or several in a list."""
    link = _LINK.match(text, last.end)
    if link is None or link.end() == last.end:
        return
    start = link.end()
    if first is last and len(first.folded) <= 4 and text[first.end : start] in ("-", "_"):
        start = first.start  # "PO-90117", "RMA-7735": the cue is the id's own prefix
    for _ in range(_MOST_IN_A_LIST):
        end = _id_end(text, start, kind)
        if end is None:
            return
        yield start, end
        further = _FURTHER.match(text, end) if kind not in ("app_version", "error_code") else None
        if further is None:
            return
        start = further.end()


def _candidate(text: str, start: int, end: int, kind: str) -> Candidate:
    if kind == "app_version" and text[start] in "vV":
        start += 1
    return Candidate(kind, start, end, Rank.CONTEXT, _CONFIDENCE.get(kind, 0.75))


def _id_end(text: str, start: int, kind: str) -> int | None:
    """Where the id that begins at ``start`` ends; None where nothing there has an id's shape."""
    if kind == "app_version":
        version = _VERSION.match(text, start)
        if version is None:
            return None
        build = _BUILD.match(text, version.end(1))
        return build.end() if build else version.end(1)
    expression = {"error_code": _ERROR, "coupon_code": _COUPON}.get(kind, _ID)
    match = expression.match(text, start)
    letters = _LETTERS_CHUNK.match(text, start) if match is None or not _has_digit(match.group()) else None
    if letters is not None and kind not in ("error_code", "coupon_code"):
        return _grouped_end(text, start, letters.end())
    if match is None:
        return None
    written = match.group()
    if kind == "coupon_code":
        return match.end() if _is_coupon(written) else None
    if not _has_digit(written) or _YEAR.fullmatch(written) or _DATE.fullmatch(written):
        return None
    if _UNIT.match(text, match.end()) or (
        kind != "error_code" and len(written) < 4 and not _CHUNK.match(text, match.end())
    ):
        return None
    return _grouped_end(text, start, match.end())


def _grouped_end(text: str, start: int, end: int) -> int | None:
    """Extends an id written in short groups ("55 012 887") over the groups that follow."""
    last, groups = start, 1
    while end - last <= 8 and end - start <= 40:
        chunk = _CHUNK.match(text, end)
        if chunk is None or not _is_group(text, chunk):
            break
        last, end, groups = chunk.start() + 1, chunk.end(), groups + 1
    single = _SINGLE.match(text, end) if groups > 2 else None
    if single is not None and not _UNIT.match(text, single.end()):
        end = single.end()
    return end if _has_digit(text[start:end]) and end - start >= 3 else None


def _is_group(text: str, chunk: re.Match[str]) -> bool:
    """Whether what follows an id belongs to it, and is not a count, a year or a time of day."""
    written = chunk.group().strip()
    return not (_UNIT.match(text, chunk.end()) or _YEAR.fullmatch(written) or _COUNTED.fullmatch(written))


def _is_coupon(written: str) -> bool:
    """Capitals with a digit ("SPRING20") or capitals alone of some length; "code expired" is no coupon."""
    has_letter = any(character.isalpha() for character in written)
    return has_letter and (_has_digit(written) or (written.isupper() and len(written) >= 5))


def _has_digit(text: str) -> bool:
    return any(character.isdigit() for character in text)
