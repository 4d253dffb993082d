"""A small company whose rep Dana gets the leads."""

import pytest

from definitions.models import DefinitionVersion
from routing.models import Rep
from tests.web import world


@pytest.fixture
def version(db: None) -> DefinitionVersion:
    return world.company()


@pytest.fixture
def dana(version: DefinitionVersion) -> Rep:
    """The only rep of DACH, so every lead goes to her."""
    return world.rep("Dana Fischer", world.territory())
