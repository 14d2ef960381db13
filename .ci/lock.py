"""Which exact versions does `pip install -e '.[dev]'` take, given the bounds that have a reason?

Keeps the first part of constraints.txt (written by hand, a reason each) and writes the second part anew.
Install and run the tests with the new file before you commit it: "tried together" has to be true.
"""

import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
LOCK = ROOT / "constraints.txt"
MARK = "# --- versions tried together ---\n"


def main() -> None:
    """Rewrite constraints.txt."""
    by_hand = LOCK.read_text(encoding="utf-8").partition(MARK)[0]
    given = {_normal(pin.partition("==")[0]) for pin in by_hand.splitlines() if pin and not pin.startswith("#")}
    found = {name: pin for name, pin in _resolved(by_hand).items() if name not in given}
    pins = "".join(f"{pin}\n" for _, pin in sorted(found.items()))
    LOCK.write_text(f"{by_hand}{MARK}\n{pins}", encoding="utf-8")
    sys.stdout.write(f"{LOCK.name}: {len(given)} versions by hand, {len(found)} resolved; now run the tests\n")


def _resolved(by_hand: str) -> dict[str, str]:
    """Normalised name to pin, of everything that would be installed into an empty environment."""
    with tempfile.TemporaryDirectory() as scratch:
        bounds, report = Path(scratch) / "bounds.txt", Path(scratch) / "report.json"
        bounds.write_text(by_hand, encoding="utf-8")
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--dry-run", "--ignore-installed"]
        subprocess.run([*command, "-c", bounds, "--report", report, f"{ROOT}[dev]"], check=True)  # noqa: S603
        installed = json.loads(report.read_text(encoding="utf-8"))["install"]
    packages = [each["metadata"] for each in installed if each["metadata"]["name"] != "retrain"]
    # A local version such as 2.13.0+cpu exists in one index only; without the suffix the pin fits every build.
    return {_normal(each["name"]): f"{each['name']}=={each['version'].partition('+')[0]}" for each in packages}


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


if __name__ == "__main__":
    main()
