"""Authority from job titles: a table from the field, and what the order of rules means."""

import csv
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from definitions.titles import TitleRule, TitleRules, load_default_title_rules, normalized
from definitions.vocabulary import Authority

TITLES = Path(__file__).parent / "titles.csv"
DEFAULTS = load_default_title_rules()
SHIPPED = TitleRules(DEFAULTS)


def rows() -> list[tuple[str, str, str]]:
    with TITLES.open(encoding="utf-8", newline="") as file:
        return [(row["title"], row["language"], row["authority"]) for row in csv.DictReader(file)]


ROWS = rows()
titles_of_the_table = st.sampled_from([(title, language) for title, language, _ in ROWS])


@pytest.mark.parametrize(
    ("title", "language", "authority"), ROWS, ids=[f"{row[1]}-{row[0]!r}" for row in ROWS]
)
def test_shipped_rules_judge_a_title(title, language, authority):
    verdict = SHIPPED.judge(title, language=language)

    assert verdict.authority == authority, verdict.rule


def test_the_table_has_every_authority_and_language():
    assert len(ROWS) == len(set(ROWS)) >= 300
    assert {authority for _, _, authority in ROWS} == set(Authority)
    assert {"en", "de", "fr", "es", "pt", "nl", "it", ""} <= {language for _, language, _ in ROWS}


def test_shipped_rules_are_well_formed():
    assert {rule.authority for rule in DEFAULTS} <= set(Authority)
    assert {rule.language for rule in DEFAULTS} == {"", "en", "de", "fr", "es", "pt", "nl", "it"}
    assert all(len(phrase) <= 120 for rule in DEFAULTS for phrase in (rule.phrase, *rule.unless))


def test_no_shipped_rule_stands_twice():
    spelled = Counter(
        (rule.language, normalized(rule.phrase), rule.authority) for rule in DEFAULTS
    )

    assert [rule for rule, times in spelled.items() if times > 1] == []


def test_a_title_nobody_knows_is_unknown_with_no_confidence():
    verdict = SHIPPED.judge("Wizard")

    assert (verdict.authority, verdict.confidence, verdict.rule) == (Authority.UNKNOWN, 0, None)


def test_a_verdict_names_its_rule():
    rule = TitleRule("", "head of", Authority.SENIOR_INFLUENCER, 85)

    verdict = TitleRules([rule]).judge("Head of Sales")

    assert (verdict.authority, verdict.confidence, verdict.rule) == (rule.authority, 85, rule)


def test_the_first_of_two_matching_rules_wins():
    vp = TitleRule("", "vp", Authority.DECISION_MAKER, 90)
    assistant = TitleRule("", "assistant", Authority.END_USER, 80)
    title = "Assistant to the VP"

    assert TitleRules([vp, assistant]).judge(title).rule == vp
    assert TitleRules([assistant, vp]).judge(title).rule == assistant


def test_a_rule_is_passed_over_when_an_exception_is_in_the_title():
    rules = TitleRules(
        [
            TitleRule("", "owner", Authority.DECISION_MAKER, 90, unless=("Product-Owner",)),
            TitleRule("", "owner", Authority.INFLUENCER, 60),
        ]
    )

    assert rules.judge("Owner").authority == Authority.DECISION_MAKER
    assert rules.judge("Senior product owner").authority == Authority.INFLUENCER
    assert rules.judge("Owner of a product").authority == Authority.DECISION_MAKER


@pytest.mark.parametrize(
    "title",
    ["subhead of sales", "head sales of", "heads of sales", "of head", "head", ""],
)
def test_a_phrase_is_whole_words_next_to_each_other(title):
    rules = TitleRules([TitleRule("", "head of", Authority.SENIOR_INFLUENCER, 85)])

    assert rules.judge("The Head of Sales").confidence == 85
    assert rules.judge(title).confidence == 0


@pytest.mark.parametrize(
    ("language", "known"),
    [("de", True), ("de-CH", True), ("DE_at", True), ("", True), ("fr", False), ("den", False)],
)
def test_a_rule_of_one_language_needs_it_or_no_language(language, known):
    rules = TitleRules([TitleRule("de", "leiter", Authority.SENIOR_INFLUENCER, 85)])

    assert bool(rules.judge("Leiter", language=language).confidence) is known


def test_a_rule_of_any_language_holds_for_each():
    rules = TitleRules([TitleRule("", "ceo", Authority.DECISION_MAKER, 95)])

    assert {rules.judge("CEO", language=code).confidence for code in ("", "en", "xx")} == {95}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("C.E.O.", "CEO"),
        ("V. P. Sales", "VP Sales"),
        ("Geschäftsführer:in", "geschaftsfuhrer"),
        ("Leiter/-in Einkauf", "Leiter Einkauf"),
        ("Leiter*innen", "Leiter"),
        ("Directeur·rice", "Directeur"),
        ("Directeur(trice) commercial(e)", "Directeur commercial"),
        ("Gérant(e)", "gerant"),
        ("Director/a de Ventas", "Director de Ventas"),
        ("Großkunden", "GROSSKUNDEN"),
        ("CEO&Co-Founder", "ceo co founder"),
        ("ＣＥＯ", "ceo"),
        ("Vice President’s", "vice president's"),
    ],
)
def test_spellings_of_one_title_are_one(one, other):
    assert normalized(one) == normalized(other)


@pytest.mark.parametrize(
    ("title", "words"),
    [
        ("Head of HR/IT", "head of hr it"),
        ("Sales/In-house", "sales in house"),
        ("CEO/Owner", "ceo owner"),
        ("R&D", "r d"),
    ],
)
def test_a_slash_between_two_roles_keeps_both(title, words):
    assert normalized(title) == words


@settings(max_examples=150, deadline=None)
@given(titles_of_the_table, st.sampled_from((str.upper, str.lower, str.title, str.swapcase)))
def test_case_does_not_count(row, spelled):
    title, language = row

    assert SHIPPED.judge(spelled(title), language=language) == SHIPPED.judge(
        title, language=language
    )


@settings(max_examples=150, deadline=None)
@given(titles_of_the_table, st.sampled_from(("  ", "\t", "\u00a0", "\n")))
def test_whitespace_does_not_count(row, space):
    title, language = row
    spelled = space + space.join(title.split()) + space

    assert SHIPPED.judge(spelled, language=language) == SHIPPED.judge(title, language=language)


@settings(max_examples=150, deadline=None)
@given(
    # A dot is left out: it may join initials.
    titles_of_the_table.filter(lambda row: "." not in row[0]),
    st.sampled_from((" - ", " – ", ", ", " | ", "; ", " & ")),
    st.sampled_from(("", ".", "!", " |", "»", "…")),
)
def test_punctuation_does_not_count(row, between, around):
    title, language = row
    spelled = around + between.join(title.split()) + around

    assert SHIPPED.judge(spelled, language=language) == SHIPPED.judge(title, language=language)


@settings(max_examples=300, deadline=None)
@given(st.text(), st.text(max_size=5))
def test_any_text_gets_a_verdict(title, language):
    verdict = SHIPPED.judge(title, language=language)

    assert verdict.authority in set(Authority)
    assert (verdict.confidence == 0) == (verdict.rule is None)


@settings(max_examples=100, deadline=None)
@given(st.text(alphabet=".:/*( inaeIN·-_&x", max_size=3_000))
def test_a_hostile_title_gets_a_verdict(title):
    assert SHIPPED.judge(title).confidence <= 100


words = st.sampled_from(("ceo", "head", "of", "sales", "assistant", "to", "owner", "product"))
phrases = st.lists(words, min_size=1, max_size=3).map(" ".join)
rule_lists = st.lists(
    st.builds(
        TitleRule,
        st.sampled_from(("", "en", "de")),
        phrases,
        st.sampled_from([authority.value for authority in Authority]),
        st.integers(1, 100),
        st.lists(phrases, max_size=2).map(tuple),
    ),
    max_size=12,
)


@settings(max_examples=300, deadline=None)
@given(rule_lists, st.lists(words, max_size=6), st.sampled_from(("", "en", "de", "fr")))
def test_the_verdict_is_that_of_the_first_rule_found_by_reading_them_all(rules, title, language):
    def stands_in_title(phrase: str) -> bool:
        wanted = phrase.split()
        starts = range(len(title) - len(wanted) + 1)
        return any(title[start : start + len(wanted)] == wanted for start in starts)

    expected = next(
        (
            rule
            for rule in rules
            if (not language or rule.language in ("", language))
            and stands_in_title(rule.phrase)
            and not any(stands_in_title(phrase) for phrase in rule.unless)
        ),
        None,
    )

    assert TitleRules(rules).judge(" ".join(title), language=language).rule == expected


@pytest.mark.parametrize("confidence", [0, 101, -1])
def test_a_confidence_outside_1_to_100_is_refused(confidence):
    with pytest.raises(ValueError, match="1 to 100"):
        TitleRules([TitleRule("", "ceo", Authority.DECISION_MAKER, confidence)])


@pytest.mark.parametrize(("phrase", "unless"), [("", ()), ("!?", ()), ("ceo", ("-",))])
def test_a_phrase_without_words_is_refused(phrase, unless):
    with pytest.raises(ValueError, match="no letter or digit"):
        TitleRules([TitleRule("", phrase, Authority.DECISION_MAKER, 90, unless)])
