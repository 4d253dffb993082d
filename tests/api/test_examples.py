"""The examples of a definition, read by other systems."""

from crm_handoff.people.roles import Role
from leads import examples
from leads.examples import Said
from leads.portraits import Portrait


def test_examples_are_listed_with_what_must_become_of_them(signed_in, active_version, noon):
    by = active_version.author
    profile = {"job_title": "Student"}
    kept, retired = (
        examples.create(
            active_version.definition,
            Said(name=name, stage="mql", is_expected=False, portrait=Portrait(profile)),
            by=by,
            at=noon,
        )
        for name in ("Student", "Gone")
    )
    examples.retire(retired, at=noon)

    reader = signed_in(Role.REP)
    address = f"/definitions/{active_version.definition.key}/examples/"
    (found,) = reader.read(address, is_active="true").json()["results"]

    assert found["id"] == str(kept.public_id)
    assert (found["name"], found["stage"], found["is_expected"]) == ("Student", "mql", False)
    assert found["profile"] == profile
    assert len(reader.read(address).json()["results"]) == 2
    assert reader.get("/api/v1/definitions/nothing/examples/").status_code == 404
