"""Canonical forms of ids, addresses of the net, cards and accounts."""

from __future__ import annotations

import re

_SPACE = re.compile(r"\s+")
_SEPARATORS = re.compile(r"[\s\-]+")
_DOUBLE_AT = re.compile(r"@{2,}")


def card_value(text: str) -> str | None:
    """A card as ``**** 4417``: never more than its last four digits leaves this module."""
    digits = "".join(character for character in text if character.isdigit())
    return f"**** {digits[-4:]}" if len(digits) >= 4 else None


def iban_value(text: str) -> str:
    """An IBAN in its electronic form: capitals without spaces."""
    return _SEPARATORS.sub("", text).upper()


def email_value(text: str) -> str:
    """An e-mail address in lower case (no provider in use tells cases apart)."""
    return _DOUBLE_AT.sub("@", text.strip()).casefold()


def url_value(text: str) -> str:
    """A web address with its scheme and host in lower case; "https://" where no scheme is written."""
    scheme, mark, rest = text.strip().partition("://")
    if not mark:
        scheme, rest = "https", text.strip()
    host, slash, path = rest.partition("/")
    return f"{scheme.lower()}://{host.lower()}{slash}{path}"


def id_value(text: str) -> str:
    """An id without a leading "#" and without spaces; in capitals, unless its own cases are mixed."""
    compact = _SPACE.sub("", text).lstrip("#")
    return compact.upper() if compact == compact.lower() else compact


def tracking_value(text: str) -> str:
    """A tracking number in capitals without spaces."""
    return _SPACE.sub("", text).upper()


def version_value(text: str) -> str:
    """A version without a leading "v"."""
    return re.sub(r"^(?:version|ver|v)\.?\s*(?=\d)", "", text.strip(), flags=re.IGNORECASE)


def username_value(text: str) -> str:
    """A handle without its "@"."""
    return text.strip().removeprefix("@")


def one_line(text: str) -> str:
    """Lines joined by commas, runs of spaces made one: addresses and names over several lines."""
    lines = [_SPACE.sub(" ", line).strip(" ,") for line in text.splitlines()]
    return ", ".join(line for line in lines if line)


def spaced_once(text: str) -> str:
    """Runs of white space made one space."""
    return _SPACE.sub(" ", text).strip()
