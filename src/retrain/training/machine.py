"""In which environment does a training process run? Offline, with one thread a physical core, few at most."""

import os
from collections.abc import Mapping
from pathlib import Path

MOST_THREADS = 4
CPUINFO = Path("/proc/cpuinfo")
# Flags of processors that multiply bfloat16 in hardware; on others autocast is slower than float32.
FAST_BF16 = frozenset({"amx_bf16", "avx512_bf16"})


def environment(given: Mapping[str, str], *, threads: int) -> dict[str, str]:
    """The environment of a training process. An OMP_NUM_THREADS that is already set wins over the default of 0."""
    wanted = str(threads) if threads else given.get("OMP_NUM_THREADS", "") or str(min(physical_cores(), MOST_THREADS))
    return {
        **given,
        "OMP_NUM_THREADS": wanted,
        "MKL_NUM_THREADS": wanted,
        "OPENBLAS_NUM_THREADS": wanted,
        "TOKENIZERS_PARALLELISM": "false",
        # Without it torch refuses to promise the same numbers twice on a GPU.
        "CUBLAS_WORKSPACE_CONFIG": given.get("CUBLAS_WORKSPACE_CONFIG", "") or ":4096:8",
        "HF_HUB_OFFLINE": "1",
        "TRANSFORMERS_OFFLINE": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "DO_NOT_TRACK": "1",
        "PYTHONUNBUFFERED": "1",
        # What a library will drop one day would stand as the last words of a process that was killed.
        "PYTHONWARNINGS": "ignore::FutureWarning,ignore::DeprecationWarning",
    }


def physical_cores(cpuinfo: Path = CPUINFO) -> int:
    """Physical cores that this process may use; hyper-threads of one core count once."""
    allowed = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set(range(os.cpu_count() or 1))
    cores = {
        (entry.get("physical id"), entry["core id"])
        for entry in _entries(cpuinfo)
        if "core id" in entry and int(entry.get("processor", "-1")) in allowed
    }
    return len(cores) or len(allowed)


def has_fast_bf16(cpuinfo: Path = CPUINFO) -> bool:
    """Whether every processor multiplies bfloat16 in hardware."""
    flags = [set(entry["flags"].split()) for entry in _entries(cpuinfo) if "flags" in entry]
    return bool(flags) and all(FAST_BF16 & found for found in flags)


def _entries(cpuinfo: Path) -> list[dict[str, str]]:
    try:
        text = cpuinfo.read_text()
    except OSError:
        return []
    return [
        {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in block.splitlines())}
        for block in text.split("\n\n")
        if block.strip()
    ]
