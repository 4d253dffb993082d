"""The README's first steps, word for word, on a fresh demo."""

import json
import re
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client

from crm_handoff import demo, pipeline
from crm_handoff.clock import database_now
from crm_handoff.models import User
from crm_handoff.people import keys
from routing.models import Handoff


@pytest.mark.parametrize("page", ["README.md", "docs/api.md"])
def test_the_lead_of_the_first_steps_goes_to_the_rep_who_is_told_to_sign_in(db, page):
    demo.load(at=database_now(), weeks=2)
    issued = keys.issue("Website", system="website", created_by=User.objects.first())
    caller = Client(headers={"authorization": f"Bearer {issued.token}"})
    text = Path(settings.BASE_DIR, page).read_text(encoding="utf-8")
    now = database_now().isoformat()

    bodies = re.findall(r"/(leads|touchpoints)/\"? .*? -d '(\{.*?\})'(?:\n|$)", text, re.DOTALL)
    for resource, body in bodies[:2]:
        said = json.loads(re.sub(r"'\"\$\(date.*?\)\"'", now, body))
        answer = caller.post(f"/api/v1/{resource}/", said, content_type="application/json")
        assert answer.status_code == 201, answer.content
    pipeline.judge_pending()

    handoff = Handoff.objects.latest("pk")
    assert handoff.lead.identities.filter(system="website").exists()
    assert handoff.rep is not None
    assert handoff.rep.user.email == "sdr@demo.example"
