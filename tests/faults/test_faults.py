"""Whatever is killed, flushed, halted or crashed: nothing is lost, doubled, early or too much."""

import random
import subprocess
import sys

import pytest

from launcher.places import ROOT
from tests.faults.mutants import MUTANTS


@pytest.mark.faults
def test_2000_leads_survive_40_faults(tmp_path):
    seed = random.randrange(1_000_000)

    finished = subprocess.run(
        [
            *(sys.executable, "-m", "tests.faults.drive", str(tmp_path / "stack")),
            *("--leads", "2000", "--faults", "40", "--seed", str(seed)),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    print(finished.stdout, finished.stderr)
    assert finished.returncode == 0, f"seed {seed}\n{finished.stdout}\n{finished.stderr[-3000:]}"


@pytest.mark.parametrize("mutant", MUTANTS, ids=[mutant.letter for mutant in MUTANTS])
def test_a_mutant_follows_the_product_that_it_spoils(mutant):
    for file, old, _ in mutant.edits:
        assert (ROOT / file).read_text().count(old) == 1, f"{file}: {old}"
