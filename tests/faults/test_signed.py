"""Who signed is who decided: signed entries, forged ones, and what a server does with each."""

import json
import os
import pickle
from dataclasses import replace
from pathlib import Path

import pytest

from faults.conftest import Fresh
from faults.yard import LEDGER, Yard, by_hand
from retrain.cli.main import run as command
from retrain.errors import SafetyError, Unvouched, UsageError
from retrain.pipeline.audit import audit
from retrain.pipeline.champion import ChampionWatch
from retrain.pipeline.rollback import promote, rollback
from retrain.pipeline.site import Site, seal
from retrain.settings import Settings
from retrain.store.ledger import Ledger
from retrain.store.signing_cryptography import new_pair, seal_of
from retrain.values import canonical_json


@pytest.fixture
def yard(first_folder: Fresh) -> Yard:
    made = first_folder()
    new_pair(made.root / "keys" / "mine.pem")
    new_pair(made.root / "strange" / "theirs.pem")
    return made


def settings(yard: Yard, key: str = "keys/mine.pem", trusted: str = "keys/mine.pem.pub") -> Settings:
    return replace(
        yard.site().settings,
        signing_key=yard.root / key if key else None,
        trusted_keys=yard.root / trusted if trusted else None,
    )


def site(yard: Yard, key: str = "keys/mine.pem", trusted: str = "keys/mine.pem.pub") -> Site:
    plain, mine = yard.site(), settings(yard, key, trusted)
    return replace(plain, settings=mine, ledger=Ledger(plain.store, "shop", plain.clock, seal(mine)))


def signed_once(yard: Yard) -> None:
    """The first signed entry, made before anybody is trusted."""
    promote(site(yard, trusted=""), yard.names["other"], reason="the first signed decision")


def test_a_new_entry_is_signed_and_the_old_ones_stay_readable(yard: Yard) -> None:
    signed_once(yard)
    found = audit(site(yard))
    assert found.findings == ()
    assert [one.signed_by is None for one in found.trail] == [True, True, False]
    rollback(site(yard), reason="signed and trusted")
    assert ChampionWatch("shop", settings(yard)).get().version == yard.names["mine"]


def test_without_keys_an_entry_says_nothing_of_signatures(yard: Yard) -> None:
    by_hand(yard, yard.open())
    assert all(b'"signature"' not in content and b'"key"' not in content for content in yard.ledger().values())


def test_an_unsigned_newest_entry_is_neither_served_nor_built_upon(yard: Yard) -> None:
    signed_once(yard)
    rollback(yard.site(), reason="by one without a key")
    for act in (
        lambda: ChampionWatch("shop", settings(yard)).get(),
        lambda: promote(site(yard), yard.names["old"], reason="on what nobody vouches for"),
        lambda: rollback(site(yard), reason="on what nobody vouches for"),
    ):
        with pytest.raises(Unvouched, match="it is not signed; nothing is served or decided by it") as refused:
            act()
        assert "where no entry was signed so far, unset RETRAIN_TRUSTED_KEYS" in str(refused.value)
        assert refused.value.exit_status == SafetyError.exit_status
    (finding,) = audit(site(yard)).findings
    assert (finding.entry, "it is not signed, and entries are since 3" in finding.what) == (4, True)
    assert audit(site(yard, trusted="")).findings == (finding,), "seen also where nobody's key is named"


def test_an_entry_by_an_unknown_key_is_refused_until_the_key_is_trusted(yard: Yard) -> None:
    signed_once(yard)
    rollback(site(yard, key="strange/theirs.pem", trusted=""), reason="by another key")
    with pytest.raises(Unvouched, match="which is none of the 1 trusted ones"):
        site(yard).ledger.newest()
    (yard.root / "both").mkdir()
    for name in ("keys/mine.pem.pub", "strange/theirs.pem.pub"):
        (yard.root / "both" / Path(name).name).write_bytes((yard.root / name).read_bytes())
    assert audit(site(yard, trusted="both")).sound


@pytest.mark.parametrize("field", ["actor", "reasons", "key"])
def test_a_signed_entry_that_was_changed_is_refused(yard: Yard, field: str) -> None:
    signed_once(yard)
    path = yard.root / "store" / f"{LEDGER}00000003.json"
    entry = json.loads(path.read_bytes())
    other = seal_of(yard.root / "strange" / "theirs.pem", None).signer
    assert other is not None
    entry |= {"actor": {"actor": "eve"}, "reasons": {"reasons": ["eve"]}, "key": {"key": other.key}}[field]
    path.write_bytes(canonical_json(entry))
    with pytest.raises(Unvouched):
        site(yard).ledger.newest()
    assert not audit(site(yard)).sound


def test_the_secret_is_for_its_owner_alone_and_shows_nowhere(yard: Yard, capsys: pytest.CaptureFixture[str]) -> None:
    path = yard.root / "keys" / "mine.pem"
    assert path.stat().st_mode & 0o777 == 0o600
    secret = "".join(path.read_text().splitlines()[1:-1])
    signer = seal_of(path, None).signer
    assert signer is not None
    assert secret not in f"{signer!r} {settings(yard)!r} {site(yard)!r}"
    with pytest.raises(TypeError, match="not pickled"):
        pickle.dumps(signer)
    signed_once(yard)
    assert all(secret.encode() not in content for content in yard.ledger().values())
    path.chmod(0o640)
    with pytest.raises(SafetyError, match=r"may be read by others \(mode 640, 600 expected\)") as refused:
        site(yard)
    assert secret not in str(refused.value)


@pytest.mark.parametrize(
    ("key", "trusted", "sentence"),
    [
        ("nowhere.pem", "", "cannot be read"),
        ("keys/mine.pem.pub", "", "is the public key, and signing needs the private one"),
        ("", "nowhere.pub", "cannot be read"),
        ("", "keys/mine.pem", "holds no public key in PEM"),
        ("", "empty", "holds no key: nobody would be believed"),
    ],
)
def test_files_of_no_use_are_named(yard: Yard, key: str, trusted: str, sentence: str) -> None:
    (yard.root / "empty").mkdir()
    (yard.root / "keys" / "mine.pem.pub").chmod(0o600)
    with pytest.raises(UsageError, match=sentence):
        site(yard, key, trusted)


def test_the_command_makes_a_pair_and_overwrites_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["keys", "new", "--out", str(tmp_path / "k.pem"), "--json"]
    umask = os.umask(0)
    try:
        assert command(words) == 0
    finally:
        os.umask(umask)
    told = json.loads(capsys.readouterr().out)
    assert (tmp_path / "k.pem").stat().st_mode & 0o777 == 0o600
    assert told["public"].endswith("k.pem.pub")
    before = (tmp_path / "k.pem").read_bytes()
    assert command(words) == UsageError.exit_status
    assert (tmp_path / "k.pem").read_bytes() == before
