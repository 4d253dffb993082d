"""`python -m benchmarks [name …]`: run the benchmarks, or those that are named."""

import importlib
import os
import pkgutil
import sys

import django

import benchmarks


def main(chosen: list[str]) -> int:
    """Run the chosen benchmarks, all when none is chosen; returns the exit code."""
    modules = pkgutil.iter_modules(benchmarks.__path__)
    names = [module.name for module in modules if not module.ispkg]
    known = [name for name in names if name != "__main__"]
    if unknown := sorted(set(chosen) - set(known)):
        print(f"No such benchmark: {', '.join(unknown)}. There are: {', '.join(known)}.")
        return 2
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "crm_handoff.settings")
    django.setup()
    for name in chosen or known:
        print(f"\n== {name}", flush=True)
        importlib.import_module(f"benchmarks.{name}").main()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
