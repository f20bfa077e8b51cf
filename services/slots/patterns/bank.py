"""Bank accounts (IBAN, ISO 13616) and payment cards (ISO/IEC 7812), proved by their check digits."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from stdnum import luhn
from stdnum.iso7064 import mod_97_10

from services.slots.candidate import Candidate, Rank
from services.slots.words import Word, word_set

_IBAN_HEAD = re.compile(r"(?<![^\W_])[A-Za-z]{2}\d{2}(?=[ -]?[A-Za-z0-9]{3})", re.ASCII)
# Characters of an IBAN by country, from the ISO 13616 register (SWIFT, release 99).
_IBAN_LENGTH = dict(
    pair.split(":")
    for pair in word_set(
        "AD:24 AE:23 AL:28 AT:20 AZ:28 BA:20 BE:16 BG:22 BH:22 BI:27 BR:29 BY:28 CH:21 CR:22 CY:28 CZ:24 "
        "DE:22 DJ:27 DK:18 DO:28 EE:20 EG:29 ES:24 FI:18 FK:18 FO:18 FR:27 GB:22 GE:22 GI:23 GL:18 GR:27 "
        "GT:28 HN:28 HR:21 HU:28 IE:22 IL:23 IQ:23 IS:26 IT:27 JO:30 KW:30 KZ:20 LB:28 LC:32 LI:21 LT:20 "
        "LU:20 LV:21 LY:25 MC:27 MD:24 ME:22 MK:19 MN:20 MR:27 MT:31 MU:30 NI:28 NL:18 NO:15 OM:23 PK:24 "
        "PL:28 PS:29 PT:25 QA:29 RO:24 RS:22 RU:33 SA:24 SC:31 SD:18 SE:24 SI:19 SK:24 SM:27 SO:23 ST:25 "
        "SV:28 TL:23 TN:24 TR:26 UA:29 VA:22 VG:24 XK:20 YE:30 "
    )
)
_CARD = re.compile(
    r"(?<![\w.,])(?:\d{13,19}|\d{4}([ -])\d{4}\1\d{4}\1\d{1,7}|\d{4}([ -])\d{6}\2\d{4,5})(?![\w]|[.,]\d)",
    re.ASCII,
)
# Issuer ranges in use: Visa 4, Mastercard 51-55 and 2221-2720, Amex 34 37, Discover and Maestro 50 56-69,
# Diners 30 36 38 39, JCB 35.
_ISSUER = re.compile(r"4|5[0-9]|6[0-9]|3[0-9]|2(?:22[1-9]|2[3-9]|[3-6]|7[01]|720)")
_LAST_DIGITS = re.compile(
    r"(?:end(?:s|ed|ing)?(?:\s{1,3}(?:in|with|on))?|last\s{1,3}(?:four|4)(?:\s{1,3}(?:digits?|numbers?|nos?))?"
    r"(?:\s{1,3}(?:of|on)(?:\s{1,3}(?:my|the))?(?:\s{1,3}(?:credit|debit))?\s{1,3}card)?)"
    r"(?:\s{1,3}(?:are|is|being|was))?[\s:.\-#*x•…]{1,8}(\d{4})(?!\d|[-/]\w|[.,]\d)",
    re.IGNORECASE,
)
_MASKED = re.compile(r"(?<![\w.…])(?:[*x•●·X#]{2}[*x•●·X# \-]{0,21}|\.{2,4} ?|… ?)(\d{4})(?![\w]|[.,]\d)")
_PARTLY_MASKED = re.compile(
    r"(?<![\w])\d{4}[ -]?(?:\d\d)?[xX*•●·]{2}[ -]?[xX*•●·]{4}[ -]?\d{4}(?![\w])", re.ASCII
)
_ACCOUNT = re.compile(r"\b(?:account|acct|acc|bank a/c|a/c|konto|iban)\b", re.IGNORECASE)
_NAMED = re.compile(
    r"(?:visa|master ?card|amex|american express|maestro|discover|(?:debit|credit|bank|my|the) card|card)"
    r"(?:\s{1,2}(?:debit|credit|gold))?(?:\s{1,2}(?:no|number|nr)\.?)?[\s:#.]{1,3}(\d{4})(?![\w\-]|[.,/]\d|\s?\d{3})",
    re.IGNORECASE,
)
_CARD_WORD = re.compile(
    r"\b(?:card|cards|visa|master|mastercard|amex|american|maestro|debit|credit|karte|carte|tarjeta)\b", re.I
)
_OTHER_NUMBER = re.compile(
    r"\b(?:phone|mobile|tel|ssn|social|tracking|parcel|order|invoice|serial|imei|iban|booking|consignment|"
    r"waybill|ref(?:erence)?|ticket)\b",
    re.IGNORECASE,
)
_MASK = re.compile(r"[*xX•●·#]{2}|\.\.|…")
_YEAR = re.compile(r"(?:19|20)\d\d")
_LAST_STARTS = word_set("end ends ended ending last")
_CARD_STARTS = word_set("visa master mastercard amex american maestro discover debit credit bank my the card")
_REACH = 40


def ibans(text: str) -> Iterator[Candidate]:
    """IBANs of a known country and its length; surer where the check digits hold (ISO 7064 mod 97-10)."""
    for head in _IBAN_HEAD.finditer(text):
        length = _IBAN_LENGTH.get(head.group()[:2].upper())
        if length is None:
            continue
        end = _end_of(text, head.start(), int(length))
        if end is None:
            continue
        compact = "".join(c for c in text[head.start() : end] if c.isalnum()).upper()
        if mod_97_10.is_valid(compact[4:] + compact[:4]):
            yield Candidate("iban", head.start(), end, Rank.VALIDATED, 0.99)
        elif sum(c.isdigit() for c in compact) >= 12:
            yield Candidate("iban", head.start(), end, Rank.FORMAT, 0.8)


def _end_of(text: str, start: int, length: int) -> int | None:
    """Where ``length`` letters and digits, separated singly at most, end on a word boundary."""
    position, count, gap = start, 0, False
    while position < len(text) and count < length:
        character = text[position]
        if character.isascii() and character.isalnum():
            count, gap = count + 1, False
        elif character in " -\u00a0" and not gap:
            gap = True
        else:
            return None
        position += 1
    at_boundary = position == len(text) or not text[position].isalnum()
    return position if count == length and at_boundary else None


def cards(text: str, words: Sequence[Word]) -> Iterator[Candidate]:
    """Whole card numbers (13-19 digits, issuer range, Luhn), masked ones, and last digits in a card's context."""
    yield from _whole(text)
    for word in words:
        if word.folded in _LAST_STARTS:
            yield from _last_digits(text, word.start)
        elif word.folded in _CARD_STARTS and (named := _NAMED.match(text, word.start)):
            yield Candidate("payment_card", named.start(1), named.end(1), Rank.CONTEXT, 0.75)
    if _MASK.search(text):
        for match in _PARTLY_MASKED.finditer(text):
            yield Candidate("payment_card", match.start(), match.end(), Rank.FORMAT, 0.97)
        for match in _MASKED.finditer(text):
            yield Candidate("payment_card", match.start(1), match.end(1), Rank.CONTEXT, 0.85)


def _whole(text: str) -> Iterator[Candidate]:
    for match in _CARD.finditer(text):
        digits = "".join(c for c in match.group() if c.isdigit())
        if not 13 <= len(digits) <= 19 or not _ISSUER.match(digits) or not luhn.is_valid(digits):
            continue
        before = text[max(0, match.start() - _REACH) : match.start()]
        # One number in ten satisfies Luhn by chance, so another number's cue word weighs more.
        doubtful = _OTHER_NUMBER.search(before) and not _CARD_WORD.search(before)
        rank, confidence = (Rank.CONTEXT, 0.5) if doubtful else (Rank.VALIDATED, 0.98)
        yield Candidate("payment_card", match.start(), match.end(), rank, confidence)


def _last_digits(text: str, start: int) -> Iterator[Candidate]:
    """ "Ending 4417": a card's where a card is spoken of, an account's where an account is."""
    match = _LAST_DIGITS.match(text, start)
    if match is None:
        return
    before = text[max(0, start - _REACH) : start]
    if _CARD_WORD.search(text, max(0, start - _REACH), match.end() + 20):
        yield Candidate("payment_card", match.start(1), match.end(1), Rank.FORMAT, 0.95)
    elif _ACCOUNT.search(before):
        yield Candidate("iban", match.start(1), match.end(1), Rank.CONTEXT, 0.6)
    elif not _OTHER_NUMBER.search(before) and not _YEAR.fullmatch(match.group(1)):
        yield Candidate("payment_card", match.start(1), match.end(1), Rank.CONTEXT, 0.6)
