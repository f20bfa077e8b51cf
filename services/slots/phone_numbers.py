"""Reads telephone numbers by the world's numbering plans (phonenumbers, the port of libphonenumber)."""

from __future__ import annotations

import phonenumbers

# Where no region is known: where the language's speakers most likely write from, tried in this order.
_REGIONS = {
    "en": ("GB", "US"), "de": ("DE", "AT", "CH"), "fr": ("FR", "BE"), "es": ("ES", "MX"), "it": ("IT",), "nl": ("NL", "BE"),
    "pt": ("PT", "BR"), "pl": ("PL",), "sv": ("SE",), "da": ("DK",), "no": ("NO",), "nb": ("NO",), "fi": ("FI",),
    "cs": ("CZ",), "hu": ("HU",), "ro": ("RO",), "tr": ("TR",), "ru": ("RU",), "uk": ("UA",), "ja": ("JP",),
    "zh": ("CN",), "hi": ("IN",), "el": ("GR",),
}  # fmt: skip


def parsed(written: str, region: str = "", language: str = "") -> phonenumbers.PhoneNumber | None:
    """The number, or None where no plan allows it.

    With "+" any possible number counts: plans keep ranges for examples and films that are not
    assigned. Without, the number must be valid in ``region`` (ISO 3166-1 alpha-2) or, where that
    is empty, in one of the language's regions; there, too, a possible number with the country's
    leading 0 counts, for the same reason.
    """
    if written.lstrip(" (").startswith("+") or written.startswith("00"):
        international = (
            "+" + written.lstrip(" (+").removeprefix("00") if written.startswith("00") else written
        )
        number = _parse(international, None)
        return number if number is not None and phonenumbers.is_possible_number(number) else None
    # A leading 0 is no North American number, and only those leave it out within the country.
    regions = (region,) if region else _REGIONS.get(language, ())
    zero = written.lstrip(" (").startswith("0")
    for candidate in sorted(regions, key=lambda each: (each == "US") == zero):
        number = _parse(written, candidate)
        if number is None:
            continue
        digits = "".join(character for character in written if character.isdigit())
        if phonenumbers.is_valid_number(number):
            return number
        if digits.startswith("0") and len(digits) >= 10 and phonenumbers.is_possible_number(number):
            return number
    return None


def e164(written: str, region: str = "", language: str = "") -> str | None:
    """The number in E.164 ("+441614960733"), or None where no plan allows it."""
    number = parsed(written, region, language)
    if number is None:
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _parse(written: str, region: str | None) -> phonenumbers.PhoneNumber | None:
    try:
        return phonenumbers.parse(written, region)
    except phonenumbers.NumberParseException:
        return None
