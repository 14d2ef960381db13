"""Can anything that is still needed be collected? Whatever a model's life was, and whatever the policy."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from retrain.store.collected import KINDS, RetentionPolicy, collectable, gone, kept, named, seen_unfinished
from retrain.store.events import Checked, Claimed, Collected, Ended, Event, Promoted, RolledBack, Trained
from retrain.store.fold import fold
from retrain.store.ledger import LedgerEntry
from retrain.store.probation import Terms
from retrain.store.state import Claim, State
from retrain.values import digest_of
from shop import DAY, START

TERMS = Terms(days=10, min_labels=30, margin=0.05, confidence=0.95, look_labels=20, max_rows=200)
GREEDY = RetentionPolicy(
    keep_versions=1, version_days=0, dataset_days=0, evaluation_days=0, check_days=0, newest_entries=1
)


def digest(name: str) -> str:
    return digest_of(name.encode())


class Life:
    """Entries as a pipeline would append them, a day apart."""

    def __init__(self) -> None:
        self.entries: list[LedgerEntry] = []
        self.state = State()
        self.versions = 0

    def append(self, event: Event, **evidence: str) -> LedgerEntry:
        at = START + len(self.entries) * DAY
        self.state = fold(self.state, event, at)
        number = len(self.entries) + 1
        given_ = {"model": "m", "actor": "a", "reasons": ("r",), "previous": None, "state": self.state}
        self.entries.append(LedgerEntry(number=number, at=at, event=event, evidence=evidence, **given_))
        return self.entries[-1]

    def run(self, ends: str) -> None:
        """One retrain: its claim, its version, and what came of it."""
        self.versions += 1
        name, span = f"c{self.versions}", {"at": START, "expires_at": START + DAY}
        claim = {"id": name, "cause": "drift", "reason": "r", "host": "h", "pid": 1, "process_start": "0", **span}
        self.append(Claimed(claim=Claim.model_validate(claim)))
        version, data, seen = (digest(f"{kind}{self.versions}") for kind in ("version", "dataset", "evaluation"))
        self.append(Trained(claim=name, version=version), version=version, dataset=data)
        if ends == "open":
            return
        over = self.state.champion.version if self.state.champion else None
        if ends == "held":
            held = Ended(claim=name, outcome="held", challenger=version, evaluation=seen)
            self.append(held, version=version, evaluation=seen)
            return
        event = Promoted(
            claim=name, version=version, over=over, snapshot=data, evaluation=seen, probation=TERMS if over else None
        )
        self.append(event, version=version, dataset=data, evaluation=seen)

    def back(self) -> None:
        if self.state.predecessors and self.state.champion:
            target = self.state.predecessors[-1].version
            self.append(RolledBack(version=target, withdrawn=self.state.champion.version), version=target)

    def check(self) -> None:
        number = len(self.entries)
        report, end = digest(f"report{number}"), START + number * DAY
        event = Checked(start=end - DAY, end=end, rows=200, state="quiet", report=report)
        self.append(event, report=report)


lives = st.lists(st.sampled_from(["promoted", "held", "open", "back", "check"]), min_size=1, max_size=30)
policies = st.builds(
    RetentionPolicy,
    keep_versions=st.integers(1, 5),
    version_days=st.floats(0, 40),
    dataset_days=st.floats(0, 40),
    evaluation_days=st.floats(0, 40),
    check_days=st.floats(0, 40),
    newest_entries=st.integers(1, 20),
)


def lived(words: list[str]) -> Life:
    life = Life()
    for word in words:
        if word == "back":
            life.back()
        elif word == "check":
            life.check()
        else:
            life.run(word)
    return life


def _versions(life: Life) -> list[str]:
    return [one.digest for one in named(life.entries).values() if one.kind == "version"]


@given(lives, policies, st.floats(0, 100))
def test_nothing_that_is_needed_can_go(words: list[str], policy: RetentionPolicy, later: float) -> None:
    life = lived(words)
    if not life.entries:
        return
    now = life.entries[-1].at + timedelta(days=later)
    going = {one.digest for one in collectable(life.entries, policy, now)}
    state = life.state
    champions = [one for one in (state.champion, *state.predecessors) if one]
    needed = {one.version for one in champions} | {one.snapshot for one in champions}
    needed |= {one.evaluation or "" for one in champions}
    needed |= {state.probation.predecessor, state.probation.version} if state.probation else set()
    needed |= {state.claim.version or "", state.claim.snapshot or ""} if state.claim else set()
    needed |= {state.snapshot or "", state.last_run.evaluation or "" if state.last_run else ""}
    needed |= {state.last_check.report or ""} if state.last_check else set()
    needed |= set(life.entries[-1].evidence.values())
    needed |= set(
        [one.digest for one in named(life.entries).values() if one.kind == "version"][-policy.keep_versions :]
    )
    assert not going & needed
    young = {
        digest_
        for entry in life.entries
        for kind, digest_ in entry.evidence.items()
        if kind in KINDS and now - entry.at < timedelta(days=policy.days(kind))
    }
    assert not going & young
    assert not going & kept(state, life.entries, policy, now)


@given(lives, st.floats(0, 100))
def test_a_stricter_policy_never_takes_what_a_laxer_one_takes_not(words: list[str], later: float) -> None:
    life = lived(words)
    if life.entries:
        now = life.entries[-1].at + timedelta(days=later)
        strict = {one.digest for one in collectable(life.entries, RetentionPolicy(), now)}
        assert strict <= {one.digest for one in collectable(life.entries, GREEDY, now)}


def test_what_nobody_needs_goes_and_goes_once() -> None:
    life = lived(["promoted", "held", "held", "promoted", "held", "check", "check"])
    now = life.entries[-1].at + 100 * DAY
    going = collectable(life.entries, GREEDY, now)
    kinds = {one.digest: one.kind for one in going}
    assert kinds[digest("version2")] == "version"
    assert kinds[digest("dataset3")] == "dataset"
    assert digest("version1") not in kinds, "the predecessor"
    assert digest("version5") not in kinds, "the newest"
    life.append(Collected(bundles={one.kind: (one.digest,) for one in going}))
    left = {one.digest for one in collectable(life.entries, GREEDY, now)}
    assert digest("version2") in gone(life.entries) or digest("version3") in gone(life.entries)
    assert not left & set(gone(life.entries))


def test_a_bundle_that_is_named_after_it_was_collected_was_stored_anew() -> None:
    life = lived(["promoted", "held", "promoted"])
    life.append(Collected(bundles={"dataset": (digest("dataset2"),)}))
    assert gone(life.entries) == {digest("dataset2"): len(life.entries)}
    life.append(Ended(claim="c", outcome="held"), dataset=digest("dataset2"))
    assert gone(life.entries) == {}


def test_unfinished_bundles_go_when_they_were_seen_long_enough_before() -> None:
    life = lived(["check"])
    entry = life.append(Collected(unfinished=("models/m/versions/x",)))
    policy = RetentionPolicy(orphan_hours=48)
    assert seen_unfinished(life.entries, policy, entry.at + timedelta(hours=47)) == {"models/m/versions/x": False}
    assert seen_unfinished(life.entries, policy, entry.at + timedelta(hours=48)) == {"models/m/versions/x": True}


def test_a_year_by_the_defaults_loses_nothing() -> None:
    life = lived(["promoted", "check", "held", "check", "promoted"] * 3)
    assert collectable(life.entries, RetentionPolicy(newest_entries=1), START + 364 * DAY) == []
