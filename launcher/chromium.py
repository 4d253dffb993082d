"""The headless browser of the browser tests."""

import os
import shutil
import subprocess

from launcher.console import say
from launcher.places import HOME
from launcher.refusals import CannotGoOn

NAMES = ("chromium", "chromium-browser", "google-chrome")
APT_STEPS = (
    ("apt-get", "update", "-q"),
    ("apt-get", "install", "-q", "-y", "--no-install-recommends", "chromium"),
)


def ensure() -> None:
    """Install Chromium when it is missing and we may; else say loudly what will be skipped.

    Raises:
        CannotGoOn: on CI (CI=true), where no browser test may be skipped.
    """
    if _is_there() or (_can_install() and _install()):
        return
    lack = "Chromium is missing and could not be installed: apt-get install chromium"
    if os.environ.get("CI") == "true":
        raise CannotGoOn(f"{lack}.")
    say(f"\n*** {lack}. THE BROWSER TESTS ARE SKIPPED. ***\n")


def _is_there() -> bool:
    return any(map(shutil.which, NAMES))


def _can_install() -> bool:
    return os.geteuid() == 0 and shutil.which("apt-get") is not None


def _install() -> bool:
    say("Installing Chromium for the browser tests …")
    with HOME.log_of("chromium").open("w") as log:
        for step in APT_STEPS:
            environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
            subprocess.run(step, stdout=log, stderr=log, env=environment, check=False)
    return _is_there()
