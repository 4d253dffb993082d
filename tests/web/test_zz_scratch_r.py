import pytest
from tests.web import world
def test_hx(version, dana, door):
    h = world.handed_over(version)
    c = door(dana.user); c.raise_request_exception=False
    for u in ("http://[", "\x00", "http://testserver/queue/%ff", "javascript:alert(1)"):
        r = c.post(f"/handoffs/{h.public_id}/accept/", HTTP_HX_REQUEST="true", HTTP_HX_CURRENT_URL=u)
        print(u, r.status_code)
        assert r.status_code < 500
def test_names(version, dana, door, manager, marketer):
    who = world.lead("<b>%s%(lead)s{0}</b>", "{x}%d\n\nEvil")
    h = world.handed_over(version, who)
    c = door(dana.user)
    for p in ("/queue/", f"/handoffs/{h.public_id}/", f"/handoffs/{h.public_id}/attempt/", "/notices/"):
        t = c.get(p).content.decode()
        assert "<b>%s" not in t
    r = c.post("/queue/accept/", {"handoff":[str(h.public_id)]}, follow=True)
    assert r.status_code==200
    r = c.post(f"/handoffs/{h.public_id}/tasks/new/", {"what":"%(x)s %s {0} <i>","kind":"call","when":"next_week"}, follow=True)
    assert r.status_code==200, r.content.decode()[:300]
    assert "<i>" not in r.content.decode()
    from routing.models import FollowUp
    for f in FollowUp.objects.all():
        assert c.post(f"/tasks/{f.public_id}/done/", follow=True).status_code==200
    from crm_handoff.integrations import deliveries
    from django.core import mail
    deliveries.owe(); deliveries.send_due()
    for m in mail.outbox:
        print(repr(m.subject)); assert "\n" not in m.subject; assert "<b>" not in m.alternatives[0][0]
    m = door(manager)
    for p in ("/team/","/team/side/","/",f"/leads/{who.public_id}/"):
        assert "<b>%s" not in m.get(p).content.decode()
    with_de = door(marketer)
    marketer.language="de"; marketer.save()
    assert with_de.get(f"/leads/{who.public_id}/").status_code==200
