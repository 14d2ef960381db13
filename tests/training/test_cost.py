"""Does the account add up, and does it say unknown where nothing was measured?"""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrain.training import energy
from retrain.training.cost import NOTHING, Meter, added, priced
from retrain.training.machine import environment, has_fast_bf16, physical_cores
from retrain.training.version import Cost

AMOUNTS = st.integers(0, 10**6).map(float)
COSTS = st.builds(
    Cost,
    wall_seconds=st.dictionaries(st.sampled_from(["prepare", "probe", "train"]), AMOUNTS),
    cpu_seconds=AMOUNTS,
    gpu_seconds=AMOUNTS,
    joules=st.none() | AMOUNTS,
)


@given(COSTS, COSTS, COSTS)
def test_costs_add_up_in_any_order(one: Cost, two: Cost, three: Cost) -> None:
    assert added(one, two) == added(two, one)
    assert added(added(one, two), three) == added(one, added(two, three))
    assert added(one, NOTHING) == one


def test_unknown_energy_stays_unknown_and_known_energy_is_kept() -> None:
    known = NOTHING.model_copy(update={"joules": 5.0})
    assert added(NOTHING, NOTHING).joules is None
    assert added(known, NOTHING).joules == 5.0
    assert added(known, known).joules == 10.0


def test_money_follows_the_wall_time_and_is_unknown_without_a_price() -> None:
    cost = NOTHING.model_copy(update={"wall_seconds": {"train": 1800.0, "prepare": 1800.0}})
    assert (
        priced(cost, price_per_hour=3.0, currency="EUR").money,
        priced(cost, price_per_hour=0, currency="EUR").money,
    ) == (
        3.0,
        None,
    )


def test_a_stage_is_measured_also_when_it_fails_and_counts_on_from_before() -> None:
    meter = Meter(NOTHING.model_copy(update={"wall_seconds": {"train": 100.0}, "cpu_seconds": 10.0}))
    meter.gpus = 2
    seen: list[Cost] = []

    def fails() -> None:
        with meter.stage("train"):
            sum(range(200_000))
            seen.append(meter.cost)
            raise KeyError

    with pytest.raises(KeyError):
        fails()
    assert 100.0 < seen[0].wall_seconds["train"] <= meter.cost.wall_seconds["train"]
    assert meter.cost.cpu_seconds > 10.0
    assert meter.cost.gpu_seconds == pytest.approx(2 * (meter.cost.wall_seconds["train"] - 100.0))


def test_stages_do_not_nest() -> None:
    meter = Meter()
    with pytest.raises(ValueError, match="'probe' begun inside 'train'"), meter.stage("train"), meter.stage("probe"):
        pass


def test_processor_energy_is_read_by_package_and_survives_a_counter_that_wraps(tmp_path: Path) -> None:
    def counter(name: str, microjoules: int) -> None:
        (tmp_path / name).mkdir(exist_ok=True)
        (tmp_path / name / "energy_uj").write_text(f"{microjoules}\n")
        (tmp_path / name / "max_energy_range_uj").write_text("10000000\n")

    counter("intel-rapl:0", 9_000_000)
    counter("intel-rapl:1", 1_000_000)
    counter("intel-rapl:0:0", 1_000_000)
    before = energy.readings(tmp_path)
    counter("intel-rapl:0", 1_000_000)
    counter("intel-rapl:1", 1_500_000)
    counter("intel-rapl:0:0", 9_000_000)
    assert energy.used(before, energy.readings(tmp_path)) == pytest.approx(2.0 + 0.5)


def test_where_no_counter_can_be_read_energy_is_unknown() -> None:
    assert energy.used({}, {}) is None


CPU = "processor\t: {n}\nphysical id\t: {p}\ncore id\t\t: {c}\nflags\t\t: fpu {flags}\n\n"


def test_threads_of_one_core_count_once(tmp_path: Path) -> None:
    entries = [CPU.format(n=n, p=0, c=0, flags="avx2") for n in (0, 1)]
    (tmp_path / "cpuinfo").write_text("".join(entries))
    assert physical_cores(tmp_path / "cpuinfo") == 1
    assert physical_cores(tmp_path / "absent") >= 1


@pytest.mark.parametrize(
    ("flags", "fast"),
    [(("avx512_bf16", "amx_bf16"), True), (("avx512_bf16", "avx2"), False), (("avx2", "avx2"), False)],
)
def test_bf16_is_used_only_where_every_processor_has_it(tmp_path: Path, flags: tuple[str, str], *, fast: bool) -> None:
    text = "".join(CPU.format(n=n, p=0, c=n, flags=flag) for n, flag in enumerate(flags))
    (tmp_path / "cpuinfo").write_text(text)
    assert has_fast_bf16(tmp_path / "cpuinfo") is fast
    assert has_fast_bf16(tmp_path / "absent") is False


@pytest.mark.parametrize(
    ("given", "threads", "wanted"),
    [({}, 3, "3"), ({"OMP_NUM_THREADS": "1"}, 0, "1"), ({"OMP_NUM_THREADS": "1"}, 2, "2")],
)
def test_the_policy_says_how_many_threads(given: dict[str, str], threads: int, wanted: str) -> None:
    made = environment({"KEPT": "yes", **given}, threads=threads)
    assert (made["OMP_NUM_THREADS"], made["KEPT"], made["HF_HUB_OFFLINE"]) == (wanted, "yes", "1")
    assert 1 <= int(environment({}, threads=0)["OMP_NUM_THREADS"]) <= 4


@pytest.mark.parametrize(("given", "wanted"), [("", ":4096:8"), (":16:8", ":16:8")])
def test_a_training_process_can_promise_the_same_numbers_twice(given: str, wanted: str) -> None:
    assert environment({"CUBLAS_WORKSPACE_CONFIG": given}, threads=1)["CUBLAS_WORKSPACE_CONFIG"] == wanted
