"""How many joules has this machine used? From the processors' (RAPL) and GPUs' (NVML) own counters, where readable."""

import ctypes
from dataclasses import dataclass
from pathlib import Path

RAPL = Path("/sys/class/powercap")
MICRO, MILLI = 1e-6, 1e-3


@dataclass(frozen=True, slots=True)
class Reading:
    """One counter of the hardware, in joules since it last began at 0."""

    joules: float
    wraps_at: float | None


def readings(rapl: Path = RAPL) -> dict[str, Reading]:
    """Every counter that can be read now; empty where there is none (most virtual machines)."""
    return {**_processors(rapl), **_gpus()}


def used(before: dict[str, Reading], after: dict[str, Reading]) -> float | None:
    """Joules between two readings, of the whole machine; none when no counter could be read both times."""
    both = before.keys() & after.keys()
    return sum(_difference(before[name], after[name]) for name in both) if both else None


def _difference(before: Reading, after: Reading) -> float:
    difference = after.joules - before.joules
    if difference < 0 and after.wraps_at is not None:
        return difference + after.wraps_at
    return max(0.0, difference)


def _processors(rapl: Path) -> dict[str, Reading]:
    found = {}
    # One colon is a whole package; two are its parts, which it already counts.
    for zone in sorted(rapl.glob("intel-rapl:*")):
        if zone.name.count(":") != 1:
            continue
        try:
            joules = int((zone / "energy_uj").read_text()) * MICRO
            wraps_at = int((zone / "max_energy_range_uj").read_text()) * MICRO
        except (OSError, ValueError):
            continue
        found[zone.name] = Reading(joules, wraps_at)
    return found


def _gpus() -> dict[str, Reading]:
    try:
        nvml = ctypes.CDLL("libnvidia-ml.so.1")
    except OSError:
        return {}
    count = ctypes.c_uint()
    if nvml.nvmlInit_v2() != 0 or nvml.nvmlDeviceGetCount_v2(ctypes.byref(count)) != 0:
        return {}
    found = {}
    for number in range(count.value):
        device, millijoules = ctypes.c_void_p(), ctypes.c_ulonglong()
        known = nvml.nvmlDeviceGetHandleByIndex_v2(ctypes.c_uint(number), ctypes.byref(device)) == 0
        if known and nvml.nvmlDeviceGetTotalEnergyConsumption(device, ctypes.byref(millijoules)) == 0:
            found[f"gpu:{number}"] = Reading(millijoules.value * MILLI, None)
    return found
