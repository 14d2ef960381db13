"""Which processes `retrain up` would start, in which environment; and the small rules beside that."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrain.errors import SafetyError, UsageError
from retrain.service.addresses import Addresses, checked, is_loopback
from retrain.service.backoff import HOPELESS, LONGEST_SECONDS, Deaths
from retrain.service.before import check_exposure
from retrain.service.logs import LARGEST_BYTES, last_lines, opened, rotate
from retrain.service.plan import Mark, Part, Plan, make_plan
from retrain.service.webhook_token import with_token
from retrain.settings import Settings, from_environment

SECRET = "a secret of enough characters"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "work").mkdir()
    return from_environment({"RETRAIN_WORK": str(tmp_path / "work"), "RETRAIN_STORE": "a/store"})


def planned(settings: Settings, addresses: Addresses = Addresses(), /, **environment: str) -> Plan:  # noqa: B008  frozen
    mark = Mark(work=settings.work, run="1")
    return make_plan(replace(settings, token=SECRET), addresses, mark, environment)


def parts(plan: Plan) -> dict[str, Part]:
    return {part.name: part for part in (plan.server, plan.registration, *plan.rest)}


def test_these_processes_run(settings: Settings) -> None:
    names = ["deployments", "exporter", "server", "webhook", "worker-cpu", "worker-gpu"]
    assert sorted(parts(planned(settings))) == names


def test_nothing_is_sent_out_whatever_the_operator_has_set(settings: Settings) -> None:
    for part in parts(planned(settings, PREFECT_SERVER_ANALYTICS_ENABLED="true", DO_NOT_TRACK="0")).values():
        assert part.environment["PREFECT_SERVER_ANALYTICS_ENABLED"] == "false"
        assert part.environment["DO_NOT_TRACK"] == "1"
        assert part.environment["PREFECT_WORKER_WEBSERVER_HOST"] == "127.0.0.1"


@pytest.mark.parametrize(("host", "who"), [("127.0.0.1", ["webhook"]), ("0.0.0.0", ["exporter", "webhook"])])
def test_the_token_goes_to_those_who_ask_callers_for_it(settings: Settings, host: str, who: list[str]) -> None:
    plan = planned(settings, Addresses(host=host), RETRAIN_TOKEN=SECRET)
    assert sorted(name for name, part in parts(plan).items() if SECRET in part.environment.values()) == who
    assert SECRET not in repr(plan)
    assert not [part for part in parts(plan).values() if SECRET in " ".join(part.command)]


def test_places_are_absolute_for_workers_that_run_elsewhere(settings: Settings) -> None:
    environment = planned(settings).rest[0].environment
    assert environment["RETRAIN_STORE"] == str(Path.cwd() / "a/store")
    remote = planned(replace(settings, store="s3://bucket/prefix")).rest[0].environment
    assert remote["RETRAIN_STORE"] == "s3://bucket/prefix"


def test_a_server_that_is_named_elsewhere_is_not_asked(settings: Settings) -> None:
    environment = planned(settings, PREFECT_API_URL="https://elsewhere/api", PREFECT_API_KEY="key").rest[0].environment
    assert environment["PREFECT_API_URL"] == "http://127.0.0.1:4200/api"
    assert "PREFECT_API_KEY" not in environment


@pytest.mark.parametrize("name", ["PREFECT_API_DATABASE_CONNECTION_URL", "PREFECT_SERVER_DATABASE_CONNECTION_URL"])
def test_a_database_that_is_named_is_used(settings: Settings, name: str) -> None:
    environment = planned(settings, **{name: "postgresql+asyncpg://x/y"}).server.environment
    urls = {value for key, value in environment.items() if key.endswith("DATABASE_CONNECTION_URL")}
    assert urls == {"postgresql+asyncpg://x/y"}


def test_without_one_it_lies_in_the_work_folder(settings: Settings) -> None:
    environment = planned(settings).server.environment
    assert str(settings.work / "prefect" / "prefect.db") in environment["PREFECT_API_DATABASE_CONNECTION_URL"]


def test_a_proxy_is_not_asked_for_this_machine(settings: Settings) -> None:
    environment = planned(settings, HTTP_PROXY="http://proxy", NO_PROXY="intranet").rest[0].environment
    assert environment["NO_PROXY"] == environment["no_proxy"] == "intranet,127.0.0.1,localhost,::1"


def test_a_wildcard_is_no_address_to_tell(settings: Settings) -> None:
    open_to_all = Addresses(host="0.0.0.0")
    assert "0.0.0.0" not in open_to_all.ui + open_to_all.api + open_to_all.webhook
    assert open_to_all.api == "http://127.0.0.1:4200/api"
    assert planned(settings, open_to_all).server.environment["PREFECT_UI_API_URL"] == f"{open_to_all.ui}/api"
    assert Addresses(host="::1").api == "http://[::1]:4200/api"


def test_one_port_for_two_parts_is_refused() -> None:
    with pytest.raises(UsageError, match="--exporter-port"):
        checked(Addresses(port=8484))


@pytest.mark.parametrize(
    ("host", "near"), [("127.0.0.1", True), ("::1", True), ("0.0.0.0", False), ("10.0.0.1", False)]
)
def test_what_is_loopback(host: str, near: bool) -> None:
    assert is_loopback(host) is near


@pytest.mark.parametrize(
    ("token", "password", "missing"),
    [(None, None, "RETRAIN_TOKEN and PREFECT_SERVER_API_AUTH_STRING are"), (SECRET, None, "AUTH_STRING is")],
)
def test_other_machines_are_let_in_with_secrets_alone(
    settings: Settings, token: str | None, password: str | None, missing: str
) -> None:
    with pytest.raises(UsageError, match=missing):
        check_exposure(Addresses(host="0.0.0.0"), replace(settings, token=token), {})


def test_with_both_secrets_they_are(settings: Settings) -> None:
    given = {"PREFECT_SERVER_API_AUTH_STRING": "user:password"}
    check_exposure(Addresses(host="0.0.0.0"), replace(settings, token=SECRET), given)
    assert planned(settings, **given).rest[0].environment["PREFECT_API_AUTH_STRING"] == "user:password"


def test_a_token_is_made_once_and_kept(settings: Settings) -> None:
    first, second = with_token(settings), with_token(settings)
    assert first.token == second.token
    assert len(first.token or "") >= 32
    assert with_token(replace(settings, token=SECRET)).token == SECRET


def test_a_token_that_others_could_read_is_refused(settings: Settings) -> None:
    with_token(settings)
    (settings.work / "webhook-token").chmod(0o644)
    with pytest.raises(SafetyError, match="may be read by others"):
        with_token(settings)


@given(st.lists(st.floats(0, 1000), max_size=40))
def test_it_is_always_started_again_within_a_minute(lives: list[float]) -> None:
    deaths = Deaths()
    for lived in lives:
        deaths = deaths.after(lived)
    assert 1 <= deaths.wait <= LONGEST_SECONDS


def test_quick_deaths_are_waited_for_longer_each_time() -> None:
    deaths, waits = Deaths(), []
    for _ in range(HOPELESS):
        assert not deaths.hopeless
        deaths = deaths.after(1.0)
        waits.append(deaths.wait)
    assert waits == [1, 2, 4, 8, 16]
    assert deaths.hopeless
    assert deaths.after(3600.0).wait == 1


def test_a_log_is_cut_while_a_process_writes_it(tmp_path: Path) -> None:
    path = tmp_path / "logs" / "part.log"
    with opened(path) as writer:
        writer.write(b"early\n" + b"x" * LARGEST_BYTES)
        writer.flush()
        rotate(path)
        writer.write(b"late\n\n")
    assert path.read_text() == "late\n\n"
    assert path.with_suffix(".log.1").stat().st_size > LARGEST_BYTES
    assert last_lines(path) == ["late"]
    assert last_lines(tmp_path / "none.log") == []


def test_logs_that_were_cut_off_do_not_pile_up(tmp_path: Path) -> None:
    path = tmp_path / "part.log"
    for _ in range(5):
        path.write_bytes(b"x" * (LARGEST_BYTES + 1))
        rotate(path)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["part.log", "part.log.1", "part.log.2"]
