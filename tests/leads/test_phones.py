import pytest

from leads.phones import normalize_phone


@pytest.mark.parametrize(
    ("written", "region", "stored"),
    [
        ("+49 30 901820", "", "+4930901820"),
        ("+49 (0)30 901820", "", "+4930901820"),
        ("0049 30 901820", "", "+4930901820"),
        ("030/90 18-20", "DE", "+4930901820"),
        ("4930901820", "DE", "+4930901820"),
        ("01.23.45.67.89", "FR", "+33123456789"),
        ("(212) 555-0123", "US", "+12125550123"),
        ("011 49 30 901820", "us", "+4930901820"),
        ("+41 44 668 18 00", "DE", "+41446681800"),
        (" 020 7946 0958 ", "GB", "+442079460958"),
    ],
)
def test_numbers_are_written_as_they_are_dialed_from_abroad(written, region, stored):
    assert normalize_phone(written, region=region) == stored


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        ("4.91E+11", "rounded by a spreadsheet"),
        ("4,91E+11", "rounded by a spreadsheet"),
        ("4.9151234567e11", "rounded by a spreadsheet"),
        ("-1011", "begins with a minus"),
        ("-030901820", "begins with a minus"),
        ("49123456789.0", "decimal fraction"),
        ("49123456789,00", "decimal fraction"),
        ("=49+30", "is no telephone number"),
        ("#REF!", "is no telephone number"),
        ("1-800-FLOWERS", "is no telephone number"),
        ("see notes", "is no telephone number"),
        ("030 901820 or 030 901821", "is no telephone number"),
        ("030 901820, 030 901821", "is no telephone number"),
        ("030 901820 ext. 12", "has an extension"),
        ("030 901820 x12", "has an extension"),
        ("030 901820x12", "has an extension"),
        ("12", "is no valid telephone number in DE"),
        ("+999 12345678", "no country code that exists"),
        ("0" * 80, "too long"),
    ],
)
def test_what_is_no_number_or_was_mangled_is_refused_with_the_reason(written, reason):
    with pytest.raises(ValueError, match=reason):
        normalize_phone(written, region="DE")


def test_number_without_country_code_needs_a_country():
    with pytest.raises(ValueError, match="no country says which one is meant"):
        normalize_phone("030 901820", region="")


def test_a_stored_number_stays_as_it_is():
    assert normalize_phone("+4930901820", region="US") == "+4930901820"
