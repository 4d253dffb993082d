"""The product runs with the packages of requirements.txt alone, without those of its tests."""

import re
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

import grimp

ROOT = Path(__file__).parent.parent
OURS = ("definitions", "leads", "routing", "crm_handoff")


def _pinned() -> set[str]:
    written = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    return {_normal(name) for name in re.findall(r"^([\w.-]+)==", written, re.MULTILINE)}


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _imported() -> set[str]:
    graph = grimp.build_graph(*OURS, include_external_packages=True)
    outside = {module.partition(".")[0] for module in graph.modules} - {*OURS}
    return outside - {*sys.stdlib_module_names}


def test_what_the_product_imports_is_installed_with_it() -> None:
    distributions = packages_distributions()

    missing = {
        package
        for package in _imported()
        if not {_normal(name) for name in distributions.get(package, ())} & _pinned()
    }

    assert missing == set()
