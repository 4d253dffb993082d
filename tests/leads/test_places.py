import pytest

from leads.places import country_of, is_country, language_of


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("DE", "DE"),
        ("de", "DE"),
        ("DEU", "DE"),
        (" Germany ", "DE"),
        ("Deutschland", "DE"),
        ("Allemagne", "DE"),
        ("ALEMANIA", "DE"),
        ("ドイツ", "DE"),
        ("Österreich", "AT"),
        ("Espana", "ES"),
        ("Côte d'Ivoire", "CI"),
        ("Cote d’Ivoire", "CI"),
        ("Irão", "IR"),
        ("USA", "US"),
        ("U.S.A.", "US"),
        ("UK", "GB"),
        ("England", "GB"),
        ("Great Britain", "GB"),
        ("Korea, Republic of", "KR"),
        ("Viet  Nam", "VN"),
        ("Russian Federation", "RU"),
        ("XK", "XK"),
    ],
)
def test_country_is_known_by_code_or_by_name_in_any_language(said, code):
    assert country_of(said) == code


@pytest.mark.parametrize("said", ["Atlantis", "XX", "EU", "ZZ", "276", "Korea", "Deutchland", ""])
def test_country_that_nobody_knows_is_refused(said):
    with pytest.raises(ValueError, match="is no country"):
        country_of(said)


def test_name_of_two_countries_is_refused_with_both():
    with pytest.raises(ValueError, match="names CD and CG in different languages"):
        country_of("Kongo")


def test_codes_of_countries_are_told_from_others():
    assert is_country("DE")
    assert not is_country("de")
    assert not is_country("DEU")
    assert not is_country("EU")


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("de", "de"),
        ("DE", "de"),
        ("deu", "de"),
        ("ger", "de"),
        ("de-AT", "de"),
        ("pt_BR", "pt"),
        ("zh-Hant", "zh"),
        ("German", "de"),
        ("Deutsch", "de"),
        ("français", "fr"),
        ("Francais", "fr"),
        ("日本語", "ja"),
        ("iw", "he"),
    ],
)
def test_language_is_known_by_code_or_by_name_in_any_language(said, code):
    assert language_of(said) == code


@pytest.mark.parametrize("said", ["Klingon", "xx", "", "German and English"])
def test_language_that_nobody_knows_is_refused(said):
    with pytest.raises(ValueError, match="is no language"):
        language_of(said)
