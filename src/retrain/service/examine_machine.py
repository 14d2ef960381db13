"""Can the installed versions and the GPU of this machine be trusted?"""

import importlib.metadata
import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from packaging.requirements import InvalidRequirement, Requirement

from retrain.service.finding import Finding, broken, ok, warning

DISTRIBUTION = "retrain"
TRAIN = "train"
"""The extra without which nothing is trained on this machine."""
NVIDIA = Path("/proc/driver/nvidia/gpus")
ASK_TORCH = (
    "import json, torch; print(json.dumps({'version': torch.__version__, 'cuda': torch.version.cuda, "
    "'gpus': torch.cuda.device_count() if torch.cuda.is_available() else 0}))"
)
TORCH_SECONDS = 180

Installed = Callable[[str], str | None]


def installed_version(name: str) -> str | None:
    """The version of an installed distribution; none if it is not there."""
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def own_requirements() -> list[str]:
    """What this project asks for, as its own metadata says; empty when it runs from a bare folder."""
    try:
        return importlib.metadata.requires(DISTRIBUTION) or []
    except importlib.metadata.PackageNotFoundError:
        return []


def examine_versions(asked: list[str], installed: Installed) -> Iterator[Finding]:
    """Every library lies inside the range that this project was tried with."""
    wrong, untrained = [], []
    checked = 0
    for text in asked:
        try:
            wanted = Requirement(text)
        except InvalidRequirement:
            continue
        extra = wanted.marker is not None and "extra" in str(wanted.marker)
        if extra and not wanted.marker.evaluate({"extra": TRAIN}):  # type: ignore[union-attr]
            continue
        found = installed(wanted.name)
        checked += 1
        if found is None and extra:
            untrained.append(wanted.name)
        elif found is None:
            wrong.append(f"{wanted.name} is not installed, expected {wanted.specifier}")
        elif not wanted.specifier.contains(found, prereleases=True):
            wrong.append(f"{wanted.name} is {found}, expected {wanted.specifier}")
    if wrong:
        yield broken("versions", "; ".join(wrong), "install again: pip install -c constraints.txt .")
    elif checked:
        yield ok("versions", f"{checked} libraries inside the supported ranges")
    else:
        yield warning("versions", "this project's own metadata is not installed", "install it: pip install -e .")
    if untrained:
        yield warning(
            "training", f"{', '.join(untrained)} not installed", "fine where nothing is trained; else `retrain[train]`"
        )


def gpu_names() -> list[str]:
    """The GPUs that the driver knows: asked of its own program, else counted in /proc."""
    if program := shutil.which("nvidia-smi"):
        try:
            asked = subprocess.run([program, "-L"], capture_output=True, text=True, check=True, timeout=30)  # noqa: S603
            return [line.partition(" (UUID")[0] for line in asked.stdout.splitlines() if line.startswith("GPU ")]
        except (OSError, subprocess.SubprocessError):
            pass
    return [place.name for place in NVIDIA.glob("*")]


def torch_facts() -> Mapping[str, Any] | None:
    """What torch says, asked in a process of its own: it takes seconds and hundreds of megabytes. None if it cannot."""
    try:
        asked = subprocess.run(  # noqa: S603  our own interpreter
            [sys.executable, "-P", "-c", ASK_TORCH], capture_output=True, text=True, check=True, timeout=TORCH_SECONDS
        )
        facts: Mapping[str, Any] = json.loads(asked.stdout)
    except (OSError, subprocess.SubprocessError, ValueError):
        return None
    return facts


def examine_gpu(names: list[str], torch: Mapping[str, Any] | None, *, visible: str | None = None) -> Iterator[Finding]:
    """What the driver knows, torch can use. `visible`: CUDA_VISIBLE_DEVICES; fewer by choice is no fault."""
    if torch is None:
        if installed_version("torch") is None:
            yield warning("GPU", "torch is not installed", "fine where nothing is trained; else `retrain[train]`")
        else:
            step = f"see what it says: {sys.executable} -c 'import torch'"
            yield broken("GPU", "torch is installed and cannot be imported", step)
        return
    build = f"torch {torch['version']} ({'CUDA ' + torch['cuda'] if torch['cuda'] else 'built for the CPU'})"
    if not names:
        yield ok("GPU", f"no GPU: training runs on the CPU; {build}")
    elif not torch["cuda"]:
        yield warning("GPU", f"{', '.join(names)}, but {build}: training runs on the CPU", "install torch with CUDA")
    elif torch["gpus"] < len(names) and visible is not None:
        yield warning(
            "GPU",
            f"{', '.join(names)}, of which CUDA_VISIBLE_DEVICES={visible!r} leaves {torch['gpus']} to {build}",
            "fine if meant; else unset CUDA_VISIBLE_DEVICES",
        )
    elif torch["gpus"] < len(names):
        yield broken(
            "GPU",
            f"the driver knows {', '.join(names)}, {build} can use {torch['gpus']}",
            "compare the driver's CUDA (nvidia-smi) with torch's",
        )
    else:
        yield ok("GPU", f"{', '.join(names)}; {build}")
