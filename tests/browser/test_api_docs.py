"""The page of the API's description, in a browser that reaches nothing but this server."""

import pytest


@pytest.mark.django_db(transaction=True)
def test_the_page_shows_every_resource_under_the_strict_policy(page, live_server):
    asked, complaints = [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))

    page.goto(f"{live_server.url}/api/docs/")
    page.get_by_role("heading", name="absences").wait_for()
    # What is further down is drawn when it is scrolled to.
    page.get_by_placeholder("Filter by tag").fill("leads")
    page.get_by_text("List leads", exact=True).wait_for()

    assert page.get_by_role("heading", name="CRM Handoff").is_visible()
    page.get_by_text("List leads", exact=True).click()
    page.get_by_text("updated_since", exact=True).first.wait_for()
    assert complaints == []
    assert {url for url in asked if not url.startswith((live_server.url, "data:"))} == set()
