"""What somebody does on the pages about a version: opens them, and reads what they say."""

from typing import Any

from django.test import Client
from django.urls import reverse

from definitions.models import DefinitionVersion


def page_of(version: DefinitionVersion, view: str) -> str:
    return reverse(f"web:{view}", args=[version.definition.key, version.number])


def text_of(response: Any) -> str:
    return " ".join(response.content.decode().split())


def read(client: Client, address: str) -> str:
    response = client.get(address)
    assert response.status_code == 200
    return text_of(response)


def said_after(client: Client, response: Any) -> list[str]:
    """What the page tells that one is sent to."""
    assert response.status_code == 302
    landed = client.get(response["Location"])
    return [str(message) for message in landed.context["messages"]]
