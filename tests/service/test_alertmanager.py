"""Which alerts ask for a retrain, and what identifies them, whatever a notification holds."""

import copy
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retrain.errors import UsageError
from retrain.service.alertmanager import Alert, read_notification, truncated
from retrain.service.request import LONGEST_REASON, derived_request

KNOWN = ("shop", "support")
FIRING: dict[str, Any] = {
    "status": "firing",
    "labels": {"alertname": "RefundsMisread", "retrain": "true", "model": "shop", "severity": "page"},
    "annotations": {"summary": "refunds are answered as invoices"},
    "startsAt": "2026-03-02T10:00:00.123Z",
    "endsAt": "0001-01-01T00:00:00Z",
    "generatorURL": "http://prometheus.example/graph",
    "fingerprint": "3f9c0a1b2c3d4e5f",
}


def body(*alerts: object, **more: object) -> dict[str, Any]:
    """A notification as Alertmanager 0.25 sends it."""
    head = {"version": "4", "groupKey": '{}:{alertname="RefundsMisread"}', "receiver": "retrain", "status": "firing"}
    return {**head, "truncatedAlerts": 0, "alerts": list(alerts), **more}


def changed(**more: object) -> dict[str, Any]:
    return {**copy.deepcopy(FIRING), **more}


def labelled(**labels: object) -> dict[str, Any]:
    return changed(labels={name: value for name, value in {**FIRING["labels"], **labels}.items() if value is not None})


def only(alert: object) -> Alert:
    (read,) = read_notification(body(alert), KNOWN)
    return read


def test_a_firing_alert_with_label_and_model_asks() -> None:
    alert = only(FIRING)
    assert (alert.name, alert.model, alert.asks, alert.why_not) == ("RefundsMisread", "shop", True, None)
    assert alert.reason == "alert RefundsMisread: refunds are answered as invoices"


@pytest.mark.parametrize(
    ("alert", "asks", "why"),
    [
        (changed(status="resolved"), False, "resolved"),
        (changed(status="melting"), False, "its status is 'melting'"),
        (changed(status=None), False, "its status is None"),
        (labelled(retrain=None), False, 'label retrain="true"'),
        (labelled(retrain="yes"), False, 'label retrain="true"'),
        (labelled(retrain=True), False, 'label retrain="true"'),
        (labelled(model=None), True, "no label 'model'"),
        (labelled(model=7), True, "no label 'model'"),
        (labelled(model="shoop"), True, "no model 'shoop' has a spec here"),
        (labelled(model="../shop"), True, "no model '../shop' has a spec here"),
        (changed(labels=None), False, 'label retrain="true"'),
        (changed(labels=["retrain", "true"]), False, 'label retrain="true"'),
        ("firing", False, "found a text"),
        (None, False, "found nothing"),
    ],
)
def test_any_other_alert_asks_nothing_and_says_why(alert: object, asks: bool, why: str) -> None:
    read = only(alert)
    assert why in str(read.why_not)
    assert read.asks is asks
    assert not read.request


def test_one_odd_alert_hides_no_other() -> None:
    read = read_notification(body(7, FIRING, {}), KNOWN)
    assert [alert.why_not is None for alert in read] == [False, True, False]


@pytest.mark.parametrize("content", [None, 7, "alerts", [], [FIRING], {}, {"version": "4"}, {"alerts": {}}])
def test_what_is_no_notification_is_refused(content: object) -> None:
    with pytest.raises(UsageError, match="expected the body of an Alertmanager webhook"):
        read_notification(content, KNOWN)


@pytest.mark.parametrize("version", ["3", 4, None])
def test_another_version_is_refused(version: object) -> None:
    with pytest.raises(UsageError, match="expected '4'"):
        read_notification(body(FIRING, version=version), KNOWN)


def test_an_empty_notification_is_fine() -> None:
    assert read_notification(body(), KNOWN) == ()


def test_repeats_are_the_same_request_whatever_else_changes() -> None:
    again = changed(annotations={"summary": "now 14 %"}, endsAt="2026-03-02T11:00:00Z", generatorURL="http://b.example")
    assert only(again).request == only(FIRING).request


@pytest.mark.parametrize(
    "other",
    [
        changed(startsAt="2026-03-02T12:00:00Z"),
        changed(fingerprint="0000000000000000"),
        labelled(model="support"),
    ],
    ids=["fired anew", "another alert", "another model"],
)
def test_what_is_another_event_is_another_request(other: dict[str, Any]) -> None:
    assert only(other).request != only(FIRING).request


def test_without_a_fingerprint_the_labels_tell_alerts_apart() -> None:
    bare = {name: value for name, value in FIRING.items() if name != "fingerprint"}
    other = {**bare, "labels": {**FIRING["labels"], "region": "north"}}
    assert only(bare).request == only(copy.deepcopy(bare)).request
    assert only(bare).request != only(other).request


def test_a_reason_is_one_bounded_line_of_whole_letters() -> None:
    nasty = "a\r\nINFO forged line\x1b[31m\u202e\ud800\x00 " + "long " * 1000
    alert = only(changed(annotations={"summary": nasty}))
    assert alert.reason.startswith("alert RefundsMisread: a INFO forged line [31m long long")
    assert len(alert.reason) == LONGEST_REASON
    assert alert.reason.isprintable()
    alert.reason.encode()


@pytest.mark.parametrize("annotations", [None, {}, {"summary": " \n"}, {"summary": 7}, ["summary"]])
def test_without_a_summary_the_alert_is_named(annotations: object) -> None:
    assert only(changed(annotations=annotations)).reason == "alert RefundsMisread"


def test_what_alertmanager_left_out_is_counted() -> None:
    assert truncated(body(truncatedAlerts=3)) == 3
    assert truncated(body(truncatedAlerts="3")) == truncated(None) == truncated({}) == 0


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
KEYS = st.sampled_from([*FIRING, "alertname"])


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(KEYS, anything), st.dictionaries(st.sampled_from(["retrain", "model", "alertname"]), anything))
def test_whatever_an_alert_holds_it_is_judged_and_can_be_written_down(
    other: dict[str, Any], labels: dict[str, Any]
) -> None:
    read = only({**FIRING, "labels": {**FIRING["labels"], **labels}, **other})
    assert (read.why_not is None) == bool(read.request)
    assert read.why_not or read.model in KNOWN
    json.dumps(read.model_dump(mode="json")).encode()
    assert all(text.isprintable() for text in (read.name, read.reason, read.why_not or "", read.request))


def test_the_same_words_are_one_request_until_a_retrain_has_ended() -> None:
    said = derived_request("shop", "manual", "new products", 3)
    assert said == derived_request("shop", "manual", "new products", 3)
    others = [
        derived_request("shop", "manual", "new products", 4),
        derived_request("shop", "manual", "other words", 3),
        derived_request("support", "manual", "new products", 3),
        derived_request("shop", "drift", "new products", 3),
    ]
    assert len({said, *others}) == 5
