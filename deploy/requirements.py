"""What does the project ask of others? Its requirements and those of some extras, one a line, for the image's build."""

import re
import sys
import tomllib
from pathlib import Path

project = tomllib.loads(Path("pyproject.toml").read_text("utf-8"))
wanted, seen = [f"retrain[{sys.argv[1]}]"], set()
found = [*project["project"]["dependencies"], *project["build-system"]["requires"]]
while wanted:
    # An extra may name others: "retrain[train]" stands for their requirements, not for the package.
    for extra in re.findall(r"[\w-]+", wanted.pop().removeprefix("retrain")):
        if extra not in seen:
            seen.add(extra)
            asked = project["project"]["optional-dependencies"][extra]
            wanted += [each for each in asked if each.startswith("retrain[")]
            found += [each for each in asked if not each.startswith("retrain[")]
sys.stdout.write("\n".join(found) + "\n")
