"""Dates in figures (any language) and the dates and spans of time that English words make.

What is marked follows the taxonomy: a date pins down a day ("tonight", "last Tuesday", "3 March",
"the 19th"), months, years and clock times alone do not; spans of time are durations.

Worded expressions are matched only where a word begins that can begin one, so that the cost is
that of a set look-up a word.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from services.slots.candidate import Candidate, Rank
from services.slots.words import Word, word_set

_FIGURES = re.compile(
    r"(?<![\w./,-])(?:(?P<full>(?:19|20)\d\d([-/])(?:0?[1-9]|1[0-2])\2(?:0?[1-9]|[12]\d|3[01])"
    r"|(?:0?[1-9]|[12]\d|3[01])([-/.])(?:0?[1-9]|[12]\d|3[01])\3(?:19|20)\d\d)"
    r"|(?P<two>(?:0?[1-9]|[12]\d|3[01])([-/.])(?:0?[1-9]|[12]\d|3[01])\5\d\d)"
    r"|(?P<none>(?:0?[1-9]|[12]\d|3[01])/(?:0?[1-9]|1[0-2])|(?:0?[1-9]|[12]\d|3[01])\.(?:0?[1-9]|1[0-2])(?=\.)))"
    r"(?![\w/]|[-.]\w)",
    re.ASCII,
)
# "2/5" may be a mark out of five; after these words it is a day.
_DAY_FOLLOWS = word_set(
    "on since by dated date until till due of from expires for am vom seit bis le du el del il al em op den på"
)

_MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|"
    r"oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)(?![^\W_])"
)
_WEEKDAY = r"(?:(?:mon|tues|wednes|thurs|fri|satur|sun)day|mon|tues?|weds?|thu(?:rs?)?|fri)(?![^\W_])"
_DAY = r"(?:[12]\d|3[01]|0?[1-9])(?:st|nd|rd|th)?"
_ORDINAL = r"(?:[23]?1st|2?2nd|2?3rd|(?:[4-9]|1\d|2[04-9]|30)th)(?![^\W_])"
_YEAR = r"(?:,?\s{1,2}(?:19|20)\d\d(?!\d)|\s{1,2}'\d\d(?!\d))?"
_WITH_MONTH = (
    rf"(?:{_WEEKDAY},?\s{{1,2}})?(?:the\s)?(?:{_DAY}(?:\s{{1,2}}of)?[\s-]?{_MONTH}"
    rf"|{_MONTH}\.?\s{{0,2}}(?:the\s)?{_DAY}(?![\w%]|:\d|[.,]\d)){_YEAR}"
)
_RELATIVE = (
    r"(?:the\s)?day\s(?:before\syesterday|after\stomorrow)|yesterday|today|tomorrow|tonight|tonite|tmrw|"
    r"this\s(?:morning|afternoon|evening)|last\snight|"
    rf"(?:(?:last|next|this|this\scoming|this\spast)\s{{1,2}})?{_WEEKDAY}"
    rf"(?:\s(?:last|next|this)\sweek|,?\s(?:the\s)?{_ORDINAL})?|"
    r"(?:\d{1,3}|an?|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|a\scouple\sof)\sdays?\sago"
)
# "the 3rd" is a day where the sentence goes on without a noun: "the 3rd time" is none.
_DAY_OF_MONTH = (
    rf"the\s{_ORDINAL}(?:\sof\s(?:last|this|next)\smonth)?(?=\s{{0,2}}(?:[.,;:!?)\n]|$)|\s(?:of|and|is|was|at|to|for|but|or|"
    r"in|on|i|we|you|it|they|the|please|if|no|not|by|with|because|between|after|before|when|that|your|my|our|from|until|still|"
    r"so|as|then)\b)"
)
_DATE = re.compile(rf"(?:{_WITH_MONTH}|{_RELATIVE}|{_DAY_OF_MONTH})(?![^\W_])", re.IGNORECASE)
_DATE_STARTS = word_set(
    "yesterday today tomorrow tonight tonite tmrw this last next the day monday tuesday wednesday thursday friday "
    "saturday sunday mon tue tues wed weds thu thur thurs fri jan january feb february mar march apr april may jun "
    "june jul july aug august sep sept september oct october nov november dec december a an one two three four "
    "five six seven eight nine ten eleven twelve"
)
# "On a Sunday", "every Monday" name no day.
_NO_DAY_AFTER = word_set("a an each every any per most")

_COUNT = (
    r"(?:\d{1,4}(?:[.,]\d)?(?:\s?[-–]\s?\d{1,4})?|(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|"
    r"fourteen|fifteen|sixteen|eighteen|twenty|thirty|forty|fifty|sixty|ninety)(?:[\s-](?:one|two|three|four|five|six|seven|"
    r"eight|nine))?|(?:a\s)?(?:couple|few|hundred)(?:\sof)?|several|half(?:\san?)?)"
)
_UNIT = (
    r"(?:seconds?|secs?|minutes?|mins?|hours?|hrs?|(?:(?:working|business|calendar|full|whole|entire|long)\s)?days?|nights?|"
    r"(?:full\s|whole\s|entire\s|long\s)?(?:weeks?|wks?|fortnights?|months?|mths?|years?|yrs?))"
)
_END = r"(?![^\W_])(?![\s-]olds?(?![^\W_]))"
_DURATION = re.compile(
    rf"(?:{_COUNT}[\s-]{{0,2}}(?:and\sa\shalf[\s-])?{_UNIT}(?:\sand\sa\shalf)?"
    rf"(?:,?\s(?:and\s)?{_COUNT}\s{{0,2}}(?:months?|days?|minutes?|mins?|seconds?|secs?))?"
    rf"|\d{{1,3}}\s?h(?:\s?\d{{1,2}}\s?m(?:in)?)?){_END}",
    re.IGNORECASE,
)
_DURATION_STARTS = word_set(
    "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen eighteen "
    "twenty thirty forty fifty sixty ninety couple few hundred several half a"
)
# "A day" may be a rate ("$5 a day"); after these words, or before "ago", it is a span.
_ONE = re.compile(rf"an?\s(?!seconds?\b){_UNIT}(?:\sand\sa\shalf)?{_END}(\sago\b)?", re.IGNORECASE)
_SPAN_FOLLOWS = word_set("for in within after over about nearly almost took takes been under than")
_GLUE = frozenset("./:,-")


def dates(text: str, words: Sequence[Word], english: bool) -> Iterator[Candidate]:
    """Dates in figures; with ``english`` also worded and relative ones."""
    word_at_end = {word.end: word.folded for word in words} if "/" in text or "." in text else {}
    for match in _FIGURES.finditer(text):
        if match["full"]:
            yield Candidate("date", match.start(), match.end(), Rank.FORMAT, 0.9)
        elif match["two"]:
            # may be a version, too
            yield Candidate("date", match.start(), match.end(), Rank.CONTEXT, 0.65)
        elif _word_before(text, match.start(), word_at_end) in _DAY_FOLLOWS:
            yield Candidate("date", match.start(), match.end(), Rank.CONTEXT, 0.7)
    if not english:
        return
    free_from = 0
    for index, (folded, start, _) in enumerate(words):
        if start < free_from or not (folded in _DATE_STARTS or folded[0].isdigit()):
            continue
        found = _DATE.match(text, start)
        if found is None or (start and text[start - 1] in _GLUE):
            continue
        free_from = found.end()
        if not (index and words[index - 1].folded in _NO_DAY_AFTER):
            yield Candidate("date", start, found.end(), Rank.CONTEXT, 0.8)


def durations(text: str, words: Sequence[Word]) -> Iterator[Candidate]:
    """English spans of time: "two weeks", "3-year", "half an hour", "1h 20m"."""
    free_from = 0
    for index, (folded, start, _) in enumerate(words):
        if start < free_from:
            continue
        if folded in _DURATION_STARTS or folded[0].isdigit():
            found = _DURATION.match(text, start)
            if found is not None and not (start and text[start - 1] in "./:,$€£"):
                free_from = found.end()
                yield Candidate("duration", start, found.end(), Rank.CONTEXT, 0.75)
                continue
        if folded == "a" or folded == "an":
            one = _ONE.match(text, start)
            if one is not None and (one.group(1) or (index and words[index - 1].folded in _SPAN_FOLLOWS)):
                free_from = one.end()
                end = one.start(1) if one.group(1) else free_from
                yield Candidate("duration", start, end, Rank.CONTEXT, 0.7)


def _word_before(text: str, start: int, word_at_end: Mapping[int, str]) -> str | None:
    """The word before ``start`` with no more than a colon and a space or two between."""
    for gap in range(1, 4):
        if start - gap < 0 or text[start - gap] not in " :":
            return word_at_end.get(start - gap + 1)
    return None
