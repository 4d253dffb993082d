"""Other systems that speak to the demo's product: a website, a calendar, a fair's visitor list."""

import json
import tempfile
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

from crm_handoff.demo import cast
from crm_handoff.demo.timeline import Timeline
from crm_handoff.integrations import inbound, signatures
from crm_handoff.integrations.presets import Preset
from crm_handoff.integrations.signatures import Call
from crm_handoff.models import User
from crm_handoff.people import keys
from leads import imports
from leads.imports import Description
from leads.models import Lead

DAY = timedelta(days=1)
CALL_DAYS = (11, 6, 3, 1)
"""So many days before the end the calendar calls."""

FAIR_DAYS = 200
FAIR_NAME = "hannover-fair-visitors.csv"
FAIR = """E-mail,First name,Last name,Company,Website,Job title,Country,Met on
i.brenner@oderwerk.example,Ida,Brenner,Oderwerk GmbH,oderwerk.example,Head of Logistics,DE,{day}
k.seitz@neckarlift.example,Karl,Seitz,Neckarlift AG,neckarlift.example,Einkauf,DE,{day}
m.talbot@wyevalley.example,Moira,Talbot,Wye Valley Tools Ltd,wyevalley.example,COO,GB,{day}
p.aubry@jurafret.example,Paul,Aubry,Jura Fret SAS,jurafret.example,Gérant,FR,{day}
s.lind@oderwerk.example,Svea,Lind,Oderwerk GmbH,oderwerk.example,Disponentin,DE,{day}
r.okoro@wyevalley.example,Remi,Okoro,Wye Valley Tools Ltd,wyevalley.example,Buyer,GB,{day}
h.thoma@illerguss.example,Hanna,Thoma,Illerguss KG,illerguss.example,Geschäftsführerin,DE,{day}
b.reuter@illerguss.example,Bernd,Reuter,Illerguss KG,illerguss.example,Vertriebsleiter,DE,{day}
not an address,Visitor,Unknown,,,,DE,{day}
l.marti@saanetech.example,Luca,Marti,Saane Tech AG,saanetech.example,CTO,CH,{day}
d.voss@saanetech.example,Dora,Voss,Saane Tech AG,saanetech.example,Projektleiterin,CH,31.31.
"""
FAIR_MAPPING = {
    "name": "Fair visitors",
    "system": "fair",
    "mode": "history",
    "blanks": [""],
    "file": {"delimiter": ",", "encoding": "utf-8"},
    "lead": {
        "email": "E-mail",
        "first_name": "First name",
        "last_name": "Last name",
        "job_title": "Job title",
        "country": "Country",
        "source": {"value": "event"},
        "campaign": {"value": "hannover-fair"},
    },
    "account": {"name": "Company", "domain": "Website"},
    "touchpoints": [
        {
            "kind": {"value": "event_visit"},
            "occurred_at": {"column": "Met on", "formats": ["%Y-%m-%d"], "zone": "Europe/Berlin"},
        }
    ],
}


class Systems:
    """What RevOps connected, and what it told."""

    def __init__(self, people: Mapping[str, User]) -> None:
        self.revops = people[cast.REVOPS]
        keys.issue("Website forms", system="website", created_by=self.revops)
        keys.issue("Data warehouse", system="warehouse", created_by=self.revops)
        self.source, self.secret = inbound.create_source(
            name="Calendar of the sales team",
            system="calendar",
            preset=Preset.GENERIC,
            by=self.revops,
        )

    def speak(self, timeline: Timeline, *, began_at: datetime) -> None:
        """Plan what they tell, as far as it lies after `began_at`."""
        for number, days in enumerate(CALL_DAYS):
            timeline.put(timeline.until - days * DAY, partial(self._call, number))
        fair_at = timeline.until - FAIR_DAYS * DAY
        if fair_at > began_at:
            timeline.put(fair_at, self._import_fair)

    def _call(self, number: int, at: datetime) -> None:
        """Tell of a webinar that somebody registered for; the third names a kind nobody knows."""
        lead = Lead.objects.exclude(email="").order_by("-pk")[number * 7]
        body = {
            "id": f"evt-{number + 1}",
            "email": lead.email,
            "kind": "workshop_signup" if number == 2 else "webinar_registered",
            "occurred_at": (at - timedelta(minutes=1)).isoformat(),
        }
        said = json.dumps(body).encode()
        name, seconds = str(body["id"]), str(int(at.timestamp()))
        headers = {
            "webhook-id": name,
            "webhook-timestamp": seconds,
            "webhook-signature": signatures.sign(
                self.secret, name=name, seconds=seconds, body=said
            ),
        }
        inbound.receive(self.source, Call("POST", "", headers, said, at))

    def _import_fair(self, at: datetime) -> None:
        """Import who visited the booth, as history: nobody is called for that."""
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder, FAIR_NAME)
            file.write_text(FAIR.format(day=f"{at - 9 * DAY:%Y-%m-%d}"), encoding="utf-8")
            description = Description(content=FAIR_MAPPING, key="fair-visitors")
            imports.run_through(file, description, at=at, by=self.revops)
