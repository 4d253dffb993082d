"""Kill -9 of workers and relays, a broker flushed and killed, a database crashed: nothing lost."""

import random
import subprocess
import sys

import pytest

from launcher.places import ROOT


@pytest.mark.faults
def test_500_leads_survive_20_faults(tmp_path):
    seed = random.randrange(1_000_000)

    finished = subprocess.run(
        [
            *(sys.executable, "-m", "tests.faults.drive", str(tmp_path / "stack")),
            *("--leads", "500", "--faults", "20", "--seed", str(seed)),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    print(finished.stdout, finished.stderr)
    assert finished.returncode == 0, f"seed {seed}\n{finished.stdout}\n{finished.stderr[-3000:]}"
