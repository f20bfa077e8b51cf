"""Reads a lexicon document: what data people tune, as YAML, strict and with all its problems at once."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from enum import StrEnum

from shared.document import Fields, compose
from shared.document_problems import DocumentError, Report
from shared.errors import ModelError
from shared.inference.lexicon import Entry, Lexicon, TenantEntries, words_of_term

LONGEST_TERM = 64

_VERSION = r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}"
_TENANT = r"[a-z0-9][a-z0-9_-]{0,62}"
# One line, with something to read in it.
_EXPANSION = r"(?=[^\r\n]*[^\W_])[^\x00-\x1f\x7f\x85\u2028\u2029]{1,120}"
_EXAMPLE = "not gonna lie"
_ANY = r"(?s:.*)"

Places = dict[tuple[str, ...], str]


class LexiconDocumentError(DocumentError, ModelError):
    """A lexicon document with all its problems."""


class Case(StrEnum):
    """In which case a term is found: as it is written, or in any."""

    ANY = "any"
    EXACT = "exact"


def read_lexicon(text: str, source: str = "lexicon") -> Lexicon:
    """Parse and check a lexicon document.

    Args:
        text: the YAML document.
        source: file name or other origin, which errors begin with.

    Returns:
        The lexicon. Its version is the document's, followed by ``+`` and the first eight digits of the
        SHA-256 of the text, so that two documents never share a name.

    Raises:
        LexiconDocumentError: a ModelError with every problem, each with its line and what mends it.
    """
    report = Report(source, LexiconDocumentError)
    document = Fields(report, "", compose(text, report))
    version = document.text("version", _VERSION, "commerce-1")
    fields = document.fields("entries", required=False)
    common, removed = _entries(fields, report)
    for term in removed.values():
        report.add(fields.at(term), "is empty", "write what it stands for, or remove the line")
    tenants = document.fields("tenants", required=False)
    own = {
        name: _tenant(tenants.fields(name), common, report) for name in tenants.names_like(_TENANT, "acme")
    }
    document.close()
    report.finish()
    digest = hashlib.sha256(text.encode()).hexdigest()[:8]
    return Lexicon(common.values(), own, f"{version}+{digest}")


def _tenant(fields: Fields, common: Mapping[tuple[str, ...], Entry], report: Report) -> TenantEntries:
    own, removed = _entries(fields, report)
    for words, term in removed.items():
        if words not in common:
            report.add(fields.at(term), "removes a term that the pack has not", "remove the line")
    return TenantEntries(tuple(own.values()), tuple(removed.values()))


def _entries(fields: Fields, report: Report) -> tuple[dict[tuple[str, ...], Entry], Places]:
    """Entries by the words of their terms, and the terms for which nothing is written."""
    found: dict[tuple[str, ...], Entry] = {}
    removed: Places = {}
    places: Places = {}
    for term in fields.names_like(_ANY, "ngl"):
        words = _words(term, fields, report)
        if not words:
            continue
        if words in places:
            report.add(fields.at(term), f"is the same term as {places[words]!r}", "keep one of the two")
        places[words] = term
        if fields.is_null(term):
            removed[words] = term
        else:
            found[words] = _entry(term, fields, report)
    return found, removed


def _words(term: str, fields: Fields, report: Report) -> tuple[str, ...]:
    """The words of a term; none, and a problem, where it is not one."""
    if len(term) > LONGEST_TERM:
        report.add(fields.at(term), f"has {len(term)} characters", f"keep terms within {LONGEST_TERM}")
        return ()
    try:
        return words_of_term(term)
    except ValueError as error:
        report.add(fields.at(term), str(error), "write a term such as ngl, w/o or 'next day'")
        return ()


def _entry(term: str, fields: Fields, report: Report) -> Entry:
    if not fields.holds_fields(term):
        return _checked(Entry(term, fields.text(term, _EXPANSION, _EXAMPLE)), fields.at(term), report)
    more = fields.fields(term)
    case = more.choice("case", Case, required=False)
    entry = Entry(term, more.text("to", _EXPANSION, _EXAMPLE), exact=case is Case.EXACT)
    more.close()
    return _checked(entry, more.at("to"), report)


def _checked(entry: Entry, place: str, report: Report) -> Entry:
    """The entry; a problem where it stands for itself."""
    if entry.expansion.casefold() == entry.term.casefold():
        report.add(place, "is the term itself", "write what it stands for, or remove the line")
    return entry
