import pytest
from email_validator import EmailNotValidError, validate_email
from hypothesis import given, settings
from hypothesis import strategies as st

from leads.addresses import normalize_domain, normalize_email

LABEL = st.from_regex(r"[A-Za-z0-9.+_-]{1,12}", fullmatch=True)


@pytest.mark.parametrize(
    ("written", "stored"),
    [
        ("anna@acme.com", "anna@acme.com"),
        ("Anna.Koch@ACME.com", "Anna.Koch@acme.com"),
        ("anna@bücher.example", "anna@bücher.example"),
        ("anna@xn--bcher-kva.example", "anna@bücher.example"),
        ("anna@BÜCHER.example", "anna@bücher.example"),
    ],
)
def test_email_is_kept_in_one_form(written, stored):
    assert normalize_email(written) == stored


@pytest.mark.parametrize(
    "text",
    [
        "anna",
        "anna@acme",
        "anna koch@acme.com",
        "Anna <anna@acme.com>",
        "a..b@acme.com",
        "anna@acme.com; bert@acme.com",
        "anna@corp.local",
        "anna@-acme.com",
        "anna@" + "a" * 250 + ".com",
    ],
)
def test_email_that_cannot_be_is_refused(text):
    with pytest.raises(ValueError, match="is no e-mail address: "):
        normalize_email(text)


@settings(max_examples=200)
@given(
    st.builds("{}@{}.{}".format, LABEL, LABEL, st.sampled_from(["com", "test", "local", "c0m"]))
)
def test_plain_addresses_are_read_as_the_close_look_reads_them(address):
    try:
        expected = validate_email(address, check_deliverability=False).normalized
    except EmailNotValidError:
        expected = None

    try:
        found = normalize_email(address)
    except ValueError:
        found = None

    assert found == expected


def test_domain_is_read_out_of_the_address_of_a_site():
    for said in ("acme.com", "https://www.Acme.com/de?x=1", "ACME.com."):
        assert normalize_domain(said) == "acme.com"
    for said in ("bücher.de", "https://xn--bcher-kva.de/", "BÜCHER.de"):
        assert normalize_domain(said) == "bücher.de"


@pytest.mark.parametrize(
    "text", ["acme", "not said", "bücher", "-acme.com", "a@b.com", "ü@b.de", ""]
)
def test_what_is_no_domain_is_refused(text):
    with pytest.raises(ValueError, match=r"is no domain\."):
        normalize_domain(text)
