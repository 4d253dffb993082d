"""Authority from a job title: ordered rules per language, each with a confidence."""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from definitions.vocabulary import Authority

ANY_LANGUAGE = ""

_DEFAULTS = Path(__file__).parent / "defaults" / "title_rules.yaml"
_REMEMBERED_TITLES = 65_536
_LONGEST_TITLE = 500

# C.E.O., V. P.: single letters, each with its dot, are one word.
_INITIALS = re.compile(r"(?<!\w)\w(?:\.\s*\w(?!\w))+\.?")

# Geschäftsführer:in, Leiter/-in, Directeur·rice, Gérant(e), Director/a: the other form of the same
# word, which is dropped.
_OTHER_FORM = re.compile(
    r"(?<=\w\w\w)(?:[:*/_·•.]-?|/ |-?\()"
    r"(?:innen|in|a|e|o|as|os|ne|trice|rice|ice|euse|ere|re|se|ora|essa)\)?(?![\w-])"
)
_NOT_WORD = re.compile(r"[\W_]+")


@dataclass(frozen=True, slots=True)
class TitleRule:
    """Whoever's title has the phrase, and none of the exceptions, has the authority.

    language: ISO 639-1, "" for any. phrase: words that stand next to each other; case, accents and
    punctuation do not count. authority: a value of `Authority`. confidence: percent, 1 to 100.
    unless: phrases, read like `phrase`.
    """

    language: str
    phrase: str
    authority: str
    confidence: int
    unless: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TitleVerdict:
    """What a title says. confidence: percent, 0 when no rule knows the title."""

    authority: str
    confidence: int
    rule: TitleRule | None


NO_VERDICT = TitleVerdict(authority=Authority.UNKNOWN, confidence=0, rule=None)


@dataclass(frozen=True, slots=True)
class _Compiled:
    order: int
    phrase: str
    unless: tuple[str, ...]
    language: str
    verdict: TitleVerdict

    def matches(self, padded: str, language: str) -> bool:
        return (
            self.phrase in padded
            and (language == ANY_LANGUAGE or self.language in (ANY_LANGUAGE, language))
            and not any(phrase in padded for phrase in self.unless)
        )


class TitleRules:
    """Title rules in their order, ready to judge; verdicts of recent titles are remembered."""

    def __init__(self, rules: Sequence[TitleRule]) -> None:
        """Compile the rules.

        Raises:
            ValueError: a phrase has no letter or digit, or a confidence is outside 1 to 100.
        """
        self._by_first_word: dict[str, list[_Compiled]] = {}
        for order, rule in enumerate(rules):
            compiled = _compile(order, rule)
            self._by_first_word.setdefault(compiled.phrase.split()[0], []).append(compiled)
        self._judge_cached = lru_cache(maxsize=_REMEMBERED_TITLES)(self._judge)

    def judge(self, title: str, *, language: str = ANY_LANGUAGE) -> TitleVerdict:
        """Return the verdict of the first rule that matches, `NO_VERDICT` when none does.

        language: of the title, ISO 639-1 with or without a region; rules of that language and of
        any language apply. "" when it is not known: the rules of all languages apply.
        """
        return self._judge_cached(title, language)

    def _judge(self, title: str, language: str) -> TitleVerdict:
        words = normalized(title)
        padded = f" {words} "
        primary = language.replace("_", "-").partition("-")[0].lower()
        matching = (
            rule
            for word in set(words.split())
            for rule in self._by_first_word.get(word, ())
            if rule.matches(padded, primary)
        )
        first = min(matching, key=lambda rule: rule.order, default=None)
        return NO_VERDICT if first is None else first.verdict


def normalized(text: str) -> str:
    """Return the words of a title in one spelling: no case, accents, punctuation or second gender.

    Only the first 500 characters count.
    """
    decomposed = unicodedata.normalize("NFKD", text[:_LONGEST_TITLE]).casefold()
    plain = "".join(char for char in decomposed if not unicodedata.combining(char))
    joined = _INITIALS.sub(lambda found: _NOT_WORD.sub("", found.group()), plain)
    return _NOT_WORD.sub(" ", _OTHER_FORM.sub(" ", joined)).strip()


def load_default_title_rules() -> tuple[TitleRule, ...]:
    """Return the rules that ship with the product, in their order."""
    groups = yaml.safe_load(_DEFAULTS.read_text(encoding="utf-8"))
    return tuple(rule for group in groups for rule in _rules_of(group))


def _rules_of(group: dict[str, Any]) -> Iterator[TitleRule]:
    for phrase in group["phrases"]:
        yield TitleRule(
            language=group["language"],
            phrase=phrase,
            authority=group["authority"],
            confidence=group["confidence"],
            unless=tuple(group.get("unless", ())),
        )


def _compile(order: int, rule: TitleRule) -> _Compiled:
    if not 1 <= rule.confidence <= 100:
        raise ValueError(f"The confidence of “{rule.phrase}” must be 1 to 100 percent.")
    return _Compiled(
        order=order,
        phrase=_padded(rule.phrase),
        unless=tuple(_padded(phrase) for phrase in rule.unless),
        language=rule.language,
        verdict=TitleVerdict(rule.authority, rule.confidence, rule),
    )


def _padded(phrase: str) -> str:
    words = normalized(phrase)
    if not words:
        raise ValueError(f"The phrase “{phrase}” has no letter or digit.")
    return f" {words} "
