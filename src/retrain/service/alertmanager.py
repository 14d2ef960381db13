"""Which alerts of a notification ask for a retrain, and why do the others not? Pure reading of Alertmanager's body.

https://prometheus.io/docs/alerting/latest/configuration/#webhook_config, version 4.
"""

from collections.abc import Collection, Mapping
from typing import Any, Literal

from retrain.errors import UsageError
from retrain.service.request import one_line, stable_id
from retrain.values import Value

VERSION = "4"
LABEL = "retrain"
LONGEST_NAME = 100


class Alert(Value):
    """One alert, and whether it asks."""

    name: str
    """For people: its alertname."""
    model: str | None
    asks: bool
    """It fires, and its rule carries the label retrain="true"."""
    why_not: str | None = None
    """Why nothing is asked for it; none when it is to be queued."""
    reason: str = ""
    request: str = ""
    """Alertmanager tells a firing alert again and again, and tries again what failed. Fingerprint and start make all of
    that one request; resolved and fired anew, the alert has another start and is another request."""


def read_notification(body: object, known: Collection[str]) -> tuple[Alert, ...]:
    """The alerts of a webhook body. Raises UsageError for what is no such body; one odd alert hides no other."""
    if not isinstance(body, Mapping) or not isinstance(body.get("alerts"), list):
        raise UsageError(
            f"expected the body of an Alertmanager webhook, an object with a list 'alerts'; found {_kind(body)}"
        )
    if body.get("version") != VERSION:
        raise UsageError(f"the notification is of version {_shown(body.get('version'))}; expected {VERSION!r}")
    return tuple(_alert(each, known) for each in body["alerts"])


def truncated(body: object) -> int:
    """How many alerts Alertmanager left out of this body (its `max_alerts`)."""
    left_out = body.get("truncatedAlerts") if isinstance(body, Mapping) else 0
    return left_out if isinstance(left_out, int) else 0


def _alert(alert: object, known: Collection[str]) -> Alert:
    if not isinstance(alert, Mapping):
        return _ignored("?", None, f"an alert is an object with labels; found {_kind(alert)}")
    labels = _texts(alert.get("labels"))
    name = one_line(labels.get("alertname", "?"), LONGEST_NAME)
    model = labels.get("model")
    status = alert.get("status")
    if status != "firing":
        return _ignored(name, model, "it is resolved" if status == "resolved" else f"its status is {_shown(status)}")
    if labels.get(LABEL) != "true":
        return _ignored(name, model, f'it does not carry the label {LABEL}="true"')
    if model is None:
        return _ignored(name, None, "it carries no label 'model', which says whose retrain is asked for", asks=True)
    if model not in known:
        return _ignored(name, model, f"no model {_shown(model)} has a spec here", asks=True)
    summary = _texts(alert.get("annotations")).get("summary", "")
    return Alert(
        name=name,
        model=model,
        asks=True,
        reason=one_line(f"alert {name}: {summary}" if summary.strip() else f"alert {name}"),
        request=stable_id("alert", model, _identity(alert, labels), _text(alert.get("startsAt"))),
    )


def _identity(alert: Mapping[str, Any], labels: Mapping[str, str]) -> str:
    """The alert's fingerprint; without one, what it is made from."""
    return _text(alert.get("fingerprint")) or stable_id("labels", *(f"{key}={labels[key]}" for key in sorted(labels)))


def _ignored(name: str, model: str | None, why: str, *, asks: bool = False) -> Alert:
    shown = None if model is None else one_line(model, LONGEST_NAME)
    return Alert(name=name, model=shown, asks=asks, why_not=why)


def _texts(pairs: object) -> dict[str, str]:
    """Those pairs that are text: others cannot have come from Prometheus."""
    found = pairs if isinstance(pairs, Mapping) else {}
    return {key: value for key, value in found.items() if isinstance(key, str) and isinstance(value, str)}


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _shown(value: object) -> str:
    return one_line(repr(value), LONGEST_NAME)


def _kind(value: object) -> Literal["nothing", "a list", "a text", "a number", "an object without it"]:
    match value:
        case None:
            return "nothing"
        case list():
            return "a list"
        case str():
            return "a text"
        case int() | float():
            return "a number"
        case _:
            return "an object without it"
