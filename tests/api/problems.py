"""Reading problem details in tests."""

from typing import Any


def problem_of(response: Any, status: int, code: str) -> dict[str, Any]:
    """Assert the form of a problem and return its body."""
    assert response.status_code == status, response.content
    assert response["content-type"] == "application/problem+json"
    body: dict[str, Any] = response.json()
    assert (body["status"], body["code"]) == (status, code)
    assert body["type"] == f"urn:crm-handoff:problem:{code}"
    assert {"title", "detail"} <= body.keys()
    return body


def faults_of(response: Any) -> set[tuple[str, str]]:
    """Return (field, code) of every fault of a refused request."""
    body = problem_of(response, 400, "invalid")
    return {(fault["field"], fault["code"]) for fault in body["errors"]}
