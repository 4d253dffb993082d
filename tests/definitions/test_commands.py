"""The commands that carry a definition from a file into force."""

from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from crm_handoff.people.models import User
from definitions import document
from definitions.models import DefinitionVersion


@pytest.fixture
def file(small: dict[str, Any], tmp_path: Path) -> Path:
    """The small document as a file."""
    path = tmp_path / "small.yaml"
    path.write_text(document.render(small))
    return path


def test_definition_goes_from_a_file_to_its_signers_and_back(
    file: Path, rita: User, marta: User, sam: User, capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("load_definition", file, "--as", rita.email)
    call_command("submit_definition", "small", "--as", "RITA@example.com")

    version = DefinitionVersion.objects.get()
    assert version.state == "in_review"
    capsys.readouterr()
    call_command("export_definition", "small")
    assert capsys.readouterr().out == version.content


def test_load_prints_every_problem(
    small: dict[str, Any], file: Path, rita: User, marta: User, sam: User
) -> None:
    del small["sla_terms"]["other"]
    small["stages"][2]["criteria"] = ["shoe_size"]
    file.write_text(document.render(small))

    with pytest.raises(CommandError) as refused:
        call_command("load_definition", file, "--as", rita.email)

    assert "stages.sql.direct: there is no criterion shoe_size" in str(refused.value)
    assert "sla_terms: no first_response term takes everyone" in str(refused.value)


def test_load_says_what_is_wrong_with_a_file(tmp_path: Path, rita: User) -> None:
    with pytest.raises(CommandError, match="cannot be read"):
        call_command("load_definition", tmp_path / "none.yaml", "--as", rita.email)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("submit_definition", "large", "--as", "rita@example.com"), "no such version of large"),
        (("submit_definition", "small", "--number", "2", "--as", "rita@example.com"), "no such"),
        (("submit_definition", "small", "--as", "nobody@example.com"), "Nobody has the address"),
    ],
)
def test_commands_refuse_in_a_sentence(
    draft: DefinitionVersion, arguments: tuple[str, ...], sentence: str
) -> None:
    with pytest.raises(CommandError, match=sentence):
        call_command(*arguments)
