"""The steps of an import at its pages, for tests."""

import re

from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from leads import imports
from leads.enums import ImportState
from leads.models import ImportRun

FAIR = """\
Kennung;Vorname;Nachname;E-Mail;Land;Firma;Mitarbeiter;Herkunft;Besucht
M-1;Maria;Keller;maria@nordlicht.example;Deutschland;Nordlicht;1.250;Messe Kiel;03/04/2026 14:30
M-2;Jonas;Huber;kein-mail;Austria;Alpenblick;80;Website;05/04/2026 09:10
M-3;Sofia;Rossi;sofia@rossi.example;Italia;Rossi;-;Website;07/04/2026 11:45
"""

DESCRIBED = {
    "holds": "leads",
    "shown": "leads",
    "system": "fairs",
    "zone": "Europe/Berlin",
    "marks": ",.",
    "blanks": "-",
    "lead.external_id": "0",
    "lead.first_name": "1",
    "lead.last_name": "2",
    "lead.email": "3",
    "lead.country": "4",
    "account.name": "5",
    "account.employee_count": "6",
    "lead.source": "7",
    "lead.source:table": "",
    "lead.source:slug": "true",
    "touchpoints.0.kind": "=",
    "touchpoints.0.kind:value": "webinar_attended",
    "touchpoints.0.occurred_at": "8",
    "touchpoints.0.occurred_at:format": "%d/%m/%Y %H:%M",
}
"""What the page of the file above posts once everything is said but the mode."""


def sent(client, text=FAIR, name="fair.csv"):
    """Send a file and return its import."""
    data = text if isinstance(text, bytes) else text.encode()
    response = client.post("/imports/new/", {"file": SimpleUploadedFile(name, data)})
    assert response.status_code == 302, response.content.decode()
    run = ImportRun.objects.latest("pk")
    assert response["Location"] == page_of(run)
    return run


def page_of(run, name="import"):
    return reverse(f"web:{name}", args=[run.public_id])


def post(client, run, name, data=None):
    return client.post(page_of(run, name), data or {})


def shown(client, run, query=""):
    return client.get(page_of(run) + query).content.decode()


def work():
    """Do the workers' work."""
    while imports.work():
        pass


def checked(client, run, **more):
    """Describe a file, let workers check it, and return it."""
    response = post(client, run, "import_check", DESCRIBED | {"mode": "history"} | more)
    assert response.status_code == 302, re.findall(r"Before the file.*?</div>", text_of(response))
    work()
    run.refresh_from_db()
    assert run.state == ImportState.CHECKED, run.problem
    return run


def imported(client, text=FAIR, **more):
    run = checked(client, sent(client, text), **more)
    post(client, run, "import_start")
    work()
    run.refresh_from_db()
    assert run.state == ImportState.DONE, run.problem
    return run


def text_of(response):
    return re.sub(r"\s+", " ", response.content.decode())
