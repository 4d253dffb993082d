"""Countries and languages by their codes, or by their names in any language of the CLDR."""

import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from functools import cache, lru_cache
from typing import Literal

from babel import Locale, localedata
from babel.core import get_global

NO_COUNTRIES = frozenset({"AC", "CP", "DG", "EU", "TA", "XA", "XB", "ZZ"})
"""Two-letter codes of the CLDR that are exceptionally reserved or no country."""

ALIASES = {
    "america": "US",
    "bolivia, plurinational state of": "BO",
    "brunei darussalam": "BN",
    "congo, the democratic republic of the": "CD",
    "czech republic": "CZ",
    "democratic republic of the congo": "CD",
    "england": "GB",
    "great britain": "GB",
    "holland": "NL",
    "holy see (vatican city state)": "VA",
    "iran, islamic republic of": "IR",
    "korea, democratic people's republic of": "KP",
    "korea, republic of": "KR",
    "lao people's democratic republic": "LA",
    "macedonia": "MK",
    "micronesia, federated states of": "FM",
    "moldova, republic of": "MD",
    "northern ireland": "GB",
    "palestine": "PS",
    "palestine, state of": "PS",
    "republic of korea": "KR",
    "republic of the congo": "CG",
    "russian federation": "RU",
    "scotland": "GB",
    "syrian arab republic": "SY",
    "taiwan, province of china": "TW",
    "tanzania, united republic of": "TZ",
    "the netherlands": "NL",
    "united states of america": "US",
    "venezuela, bolivarian republic of": "VE",
    "wales": "GB",
}
"""Names of ISO 3166-1 and others that the CLDR does not list, as `_folded` writes them."""

MARKS = range(0x300, 0x370)
"""Combining diacritical marks."""

PLAIN = str.maketrans({"\N{RIGHT SINGLE QUOTATION MARK}": "'", ".": ""})

_Kind = Literal["territories", "languages"]


@lru_cache(maxsize=4096)
def country_of(text: str) -> str:
    """Return the code of a country (ISO 3166-1 alpha-2).

    Args:
        text: its alpha-2 or alpha-3 code, or its name in any language.

    Raises:
        ValueError: it names none, or two; the message is the rest of a sentence that begins with
            the text.
    """
    folded = _folded(text)
    code = folded.upper()
    if code in _countries():
        return _countries()[code]
    if folded in ALIASES:
        return ALIASES[folded]
    return _named(folded, "territories", what="country", codes="ISO 3166-1")


def is_country(code: str) -> bool:
    """Say whether a text is the code of a country (ISO 3166-1 alpha-2) in upper case."""
    return _countries().get(code) == code


@lru_cache(maxsize=4096)
def language_of(text: str) -> str:
    """Return the code of a language (ISO 639-1).

    Args:
        text: its code of ISO 639-1 or 639-2, a locale like `de-AT`, or its name in any language.

    Raises:
        ValueError: it names none, or two; the message is the rest of a sentence that begins with
            the text.
    """
    folded = _folded(text)
    code = folded.replace("_", "-").partition("-")[0]
    if code in _languages():
        return _languages()[code]
    return _named(folded, "languages", what="language", codes="ISO 639-1")


def _named(folded: str, kind: _Kind, *, what: str, codes: str) -> str:
    found = _english(kind).get(folded) or _everywhere(kind).get(folded) or frozenset()
    if len(found) > 1:
        raise ValueError(f"names {' and '.join(sorted(found))} in different languages.")
    if not found:
        raise ValueError(f"is no {what} by code ({codes}) or name.")
    return next(iter(found))


@cache
def _countries() -> Mapping[str, str]:
    """Return alpha-2 codes by alpha-2, alpha-3 and customary codes."""
    names = Locale("en").territories
    codes = {
        code: new[0]
        for code, new in get_global("territory_aliases").items()
        if code.isalpha() and len(new) == 1 and new[0] in names.keys() - NO_COUNTRIES
    }
    return codes | {code: code for code in codes.values()}


@cache
def _languages() -> Mapping[str, str]:
    """Return two-letter codes by two-letter, three-letter and outdated codes."""
    codes = {code: code for code in map(str, Locale("en").languages) if len(code) == 2}
    aliases = get_global("language_aliases")
    return codes | {code: new for code, new in aliases.items() if new in codes}


_Names = Mapping[str, frozenset[str]]
"""Codes by the folded name; a name that different languages give to two has two."""


@cache
def _english(kind: _Kind) -> _Names:
    return _by_name(_names("en", kind), kind)


@cache
def _everywhere(kind: _Kind) -> _Names:
    """Return the names in every language; reading them takes a second, once."""
    locales = localedata.locale_identifiers()
    return _by_name((pair for locale in locales for pair in _names(locale, kind)), kind)


def _names(locale: str, kind: _Kind) -> Iterator[tuple[str, str]]:
    """Yield (code, name) of what a locale itself says."""
    data = localedata.load(locale, merge_inherited=False)
    # The library keeps every locale for good, which is 130 MB for all of them.
    localedata._cache.pop(locale, None)
    yield from data.get(kind, {}).items()


def _by_name(pairs: Iterable[tuple[str, str]], kind: _Kind) -> _Names:
    known = frozenset((_countries() if kind == "territories" else _languages()).values())
    found: defaultdict[str, set[str]] = defaultdict(set)
    for code, name in pairs:
        if code in known:
            found[_folded(name)].add(code)
    return {name: frozenset(codes) for name, codes in found.items()}


def _folded(text: str) -> str:
    """Return a text without case, accents, points and doubled spaces."""
    plain = unicodedata.normalize("NFKD", text.translate(PLAIN)).casefold()
    return " ".join("".join(sign for sign in plain if ord(sign) not in MARKS).split())
