"""What a row of the queue says stays readable at a desk and on a phone, however long the names."""

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from definitions.models import DefinitionVersion
from routing import handoffs
from routing.models import Rep
from tests.browser.conftest import SignIn
from tests.web import world

pytestmark = pytest.mark.browser

CUT_OFF = """element => {
  const inside = element.getBoundingClientRect();
  const around = element.parentElement.getBoundingClientRect();
  return inside.right > around.right + 1 || element.scrollWidth > element.clientWidth + 1;
}"""


@pytest.mark.parametrize("language", ["en", "de"])
def test_nothing_cuts_off_that_a_lead_is_accepted(
    anywhere: Page, sign_in: SignIn, dana: Rep, language: str
) -> None:
    dana.user.language = language
    dana.user.save(update_fields=["language"])
    lead = world.lead("Bartholomäus-Maximilian", "von und zu Unterschnaitzlreuth")
    handoff = world.handed_over(DefinitionVersion.objects.get(), lead)
    handoffs.attempt(handoff.pk, by=dana.user, kind="call", outcome="reached", at=timezone.now())
    handoffs.accept(handoff.pk, by=dana.user, at=timezone.now())
    sign_in(anywhere, dana.user)

    said = anywhere.locator(".accepted").first
    expect(said).to_have_text({"en": "Accepted", "de": "Angenommen"}[language])
    assert not said.evaluate(CUT_OFF)
    choices = anywhere.locator("fieldset.segments").first
    assert choices.evaluate("element => element.scrollWidth <= element.clientWidth")
