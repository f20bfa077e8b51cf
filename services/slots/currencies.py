"""Currencies as customers write them: ISO 4217 codes, signs and words.

A sign that several countries share ("$", "kr", "¥") is read by the customer's region.
"""

from __future__ import annotations

from collections.abc import Mapping

from services.slots.words import word_set

CODES = word_set(
    "EUR USD GBP CHF AUD CAD NZD JPY CNY HKD SGD INR SEK NOK DKK ISK PLN CZK HUF RON BGN TRY UAH RUB "
    "ILS AED SAR QAR KWD BHD OMR JOD EGP ZAR NGN KES GHS MAD TND BRL MXN ARS CLP COP PEN UYU THB VND "
    "IDR MYR PHP KRW TWD PKR BDT LKR"
)
# Codes that are no words, so that they count in lower case too ("try", "mad" and "php" do not).
LOWER_CODES = word_set(
    "eur usd gbp chf aud cad nzd jpy cny hkd sgd inr sek nok dkk pln czk huf zar brl mxn aed sar ngn kes"
)

# Codes that a rant in capitals is full of ("TRY 3 TIMES"): they count behind a number only.
WORDLIKE_CODES = frozenset({"TRY", "MAD", "PEN", "RON", "COP"})

SIGNS: Mapping[str, str] = {
    "€": "EUR", "£": "GBP", "$": "USD", "¥": "JPY", "￥": "JPY", "₹": "INR", "₽": "RUB", "₩": "KRW", "₺": "TRY",
    "₴": "UAH", "₫": "VND", "₪": "ILS", "฿": "THB", "₱": "PHP", "₦": "NGN", "₵": "GHS", "₡": "CRC", "₸": "KZT",
    "us$": "USD", "a$": "AUD", "au$": "AUD", "c$": "CAD", "ca$": "CAD", "nz$": "NZD", "hk$": "HKD", "s$": "SGD",
    "nt$": "TWD", "r$": "BRL", "mx$": "MXN", "zł": "PLN", "kč": "CZK", "kr": "SEK", "kr.": "DKK", "fr.": "CHF",
    "sfr": "CHF", "rs": "INR", "rs.": "INR", "lei": "RON", "лв": "BGN", "грн": "UAH", "руб": "RUB", "円": "JPY", "元": "CNY",
}  # fmt: skip

WORDS: Mapping[str, str] = {
    "euro": "EUR", "euros": "EUR", "dollar": "USD", "dollars": "USD", "buck": "USD", "bucks": "USD", "quid": "GBP",
    "pound": "GBP", "pounds": "GBP", "sterling": "GBP", "rupee": "INR", "rupees": "INR", "yen": "JPY", "yuan": "CNY",
    "franc": "CHF", "francs": "CHF", "franken": "CHF", "kronor": "SEK", "kroner": "NOK", "kronen": "DKK",
    "zloty": "PLN", "zlotys": "PLN", "zlotych": "PLN", "rand": "ZAR", "dirham": "AED", "dirhams": "AED",
    "shekel": "ILS", "shekels": "ILS", "pesos": "MXN", "reais": "BRL", "naira": "NGN", "baht": "THB", "won": "KRW",
}  # fmt: skip
# Words of weight or of winning as often as of money: never enough by themselves.
DOUBTFUL_WORDS = frozenset({"pound", "pounds", "won", "rand", "franc", "buck"})

_BY_REGION: Mapping[str, Mapping[str, str]] = {
    "$": {"CA": "CAD", "AU": "AUD", "NZ": "NZD", "SG": "SGD", "HK": "HKD", "MX": "MXN", "TW": "TWD", "AR": "ARS",
          "CL": "CLP", "CO": "COP"},
    "dollar": {"CA": "CAD", "AU": "AUD", "NZ": "NZD", "SG": "SGD", "HK": "HKD"},
    "kr": {"NO": "NOK", "DK": "DKK", "IS": "ISK", "SE": "SEK"},
    "¥": {"CN": "CNY"},
    "rs": {"PK": "PKR", "LK": "LKR"},
    "pesos": {"AR": "ARS", "CL": "CLP", "CO": "COP", "PH": "PHP", "UY": "UYU"},
    "kroner": {"DK": "DKK"},
    "pound": {"EG": "EGP"},
}  # fmt: skip
_BY_LANGUAGE: Mapping[str, Mapping[str, str]] = {"kr": {"no": "NOK", "nb": "NOK", "da": "DKK", "is": "ISK"}}
_SAME = {
    "￥": "¥",
    "dollars": "dollar",
    "buck": "dollar",
    "bucks": "dollar",
    "kr.": "kr",
    "rs.": "rs",
    "pounds": "pound",
}

# Digits after the decimal point (ISO 4217); all others have two.
_MINOR_UNITS = {
    "JPY": 0, "KRW": 0, "VND": 0, "CLP": 0, "ISK": 0, "KWD": 3, "BHD": 3, "OMR": 3, "JOD": 3, "TND": 3,
}  # fmt: skip


def currency_code(written: str, region: str = "", language: str = "") -> str | None:
    """The ISO 4217 code of a code, sign or word as written; None where it is no currency."""
    folded = written.strip().casefold()
    if folded.upper() in CODES:
        return folded.upper()
    key = _SAME.get(folded, folded)
    code = _BY_REGION.get(key, {}).get(region) or _BY_LANGUAGE.get(key, {}).get(language)
    return code or SIGNS.get(folded) or WORDS.get(folded)


def minor_units(code: str) -> int:
    """Decimal places of a currency."""
    return _MINOR_UNITS.get(code, 2)
