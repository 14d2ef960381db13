"""Can specs, store, ledgers and disks be trusted?"""

import os
import shutil
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

from retrain.base import locate
from retrain.errors import RetrainError, SafetyError, StoreError, UsageError
from retrain.pipeline.site import seal
from retrain.service.finding import UNSAFE, WRONG_WORDS, Finding, broken, ok, warning
from retrain.service.webhook_token import OTHERS, token_file
from retrain.settings import Settings
from retrain.spec_file import load_spec, spec_names
from retrain.store.ledger import Ledger, LedgerEntry
from retrain.store.open import open_store
from retrain.store.probe import probe
from retrain.values import counted, short

LITTLE_BYTES = 1_000_000_000
"""Below it a warning: a version of a small model and a check's page take 100 MB."""
NO_BYTES = 50_000_000
"""Below it broken: Prefect's database cannot be rewritten, and a ledger entry may not be kept."""
LEAP = timedelta(minutes=5)
"""How far two clocks may lie apart before decisions seem to come from the future."""


def examine_specs(settings: Settings) -> Iterator[Finding]:
    """Every spec loads, and the base it names is there and is the pinned one."""
    names = spec_names(settings.models)
    if not names:
        yield warning(
            "specs", f"no spec in {settings.models}", "write one with `retrain init MODEL`, or set RETRAIN_MODELS"
        )
        return
    bases = {}
    wrong = False
    for name in names:
        try:
            spec = load_spec(settings.models, name)
            base = locate(spec.base, spec.path("."), pinned=spec.base_digest)
            bases[f"{spec.base} {short(base.digest)}"] = name
        except RetrainError as error:
            wrong = True
            step = f"mend it, then `retrain validate {name}`"
            yield broken(f"spec {name}", str(error), step, exit_status=error.exit_status)
    if not wrong:
        yield ok("specs", f"{len(names)} in {settings.models}, base {', '.join(sorted(bases))}")


def examine_store(settings: Settings) -> Iterator[Finding]:
    """It opens, holds what it promises when writers race (always tried anew), and has room."""
    try:
        store = open_store(settings.store)
        if "://" not in store.address and not Path(store.address).exists():
            if (why := _cannot_be_made(Path(store.address))) is not None:
                yield broken("store", f"{store.address}: {why}", "set RETRAIN_STORE; nothing can be kept there")
                return
            # Not probed: that would make the folder, and an unmounted disk would look like a new store ever after.
            yield warning(
                "store",
                f"{store.address}: no such folder yet",
                "fine before the first retrain, which makes it; if it was there before, mount its disk again",
            )
            return
        probe(store)
    except SafetyError as error:
        yield broken("store", str(error), "keep the store elsewhere: nothing is safe in this one", exit_status=UNSAFE)
        return
    except UsageError as error:
        yield broken("store", str(error), "set RETRAIN_STORE", exit_status=WRONG_WORDS)
        return
    except (StoreError, OSError) as error:
        yield broken("store", str(error), "mend that; meanwhile nothing is checked, retrained or promoted")
        return
    yield ok("store", f"{store.address}: written, read, and of racing writers exactly one won")
    if "://" not in store.address:
        yield _room("disk of the store", Path(store.address))


def _cannot_be_made(folder: Path) -> str | None:
    """Why no store could ever be there; none where its folder can be made."""
    there = next(parent for parent in folder.parents if os.path.lexists(parent))
    if not there.is_dir():
        return f"{there} is no folder"
    return None if os.access(there, os.W_OK | os.X_OK) else f"{there} may not be written to by this user"


def examine_disks(settings: Settings) -> Iterator[Finding]:
    """Work folder (Prefect's database, checkpoints) and cache have room."""
    yield _room("disk of RETRAIN_WORK", settings.work)
    yield _room("disk of RETRAIN_CACHE", settings.cache)


def examine_ledgers(settings: Settings, now: datetime) -> Iterator[Finding]:
    """The newest entry of each model verifies, and none comes from the future."""
    store = open_store(settings.store)
    vouched, sound, leaps = seal(settings), [], []
    worst = False
    for name in spec_names(settings.models):
        try:
            ledger = Ledger(store, name, lambda: now, vouched)
            newest, gaps = ledger.newest(), ledger.gaps()
        except SafetyError as error:
            worst = True
            step = f"`retrain audit {name}` tells what else is wrong"
            yield broken(f"ledger {name}", str(error), step, exit_status=UNSAFE)
            continue
        except StoreError as error:
            yield broken("ledgers", str(error), "not looked at: the store has to be mended first")
            return
        if newest and gaps:
            worst = True
            found = (
                f"{newest.number - len(gaps)} of {newest.number} entries are there, the first that is not is {gaps[0]}"
            )
            yield broken(f"ledger {name}", found, "restore them from a backup", exit_status=UNSAFE)
        sound.append(newest.number if newest else 0)
        if newest and newest.at > now + LEAP:
            leaps.append(newest)
    if leaps:
        yield _leap(max(leaps, key=lambda entry: entry.at), now)
    elif not worst:
        told = f"{counted(len(sound), 'model')}, {counted(sum(sound), 'entry', 'entries')}"
        yield ok("ledgers", f"{told}; each newest one verified, none from the future")


def examine_token(settings: Settings) -> Iterator[Finding]:
    """The webhook's secret is one."""
    path = token_file(settings.work)
    if settings.token:
        yield ok("webhook token", "RETRAIN_TOKEN is set")
    elif not path.exists():
        yield ok("webhook token", "none yet; `retrain up` makes one")
    elif mode := path.stat().st_mode & OTHERS:
        yield broken(
            "webhook token",
            f"{path} may be read by others (mode {path.stat().st_mode & 0o777:o}, {mode:o} too much)",
            "remove it: whoever read it can start retrains; `retrain up` makes a new one",
            exit_status=UNSAFE,
        )
    else:
        yield ok("webhook token", f"in {path}, readable by its owner alone")


def _leap(entry: LedgerEntry, now: datetime) -> Finding:
    return broken(
        "clock",
        f"entry {entry.number} of {entry.model!r} was written at {entry.at:%Y-%m-%d %H:%M} UTC, "
        f"this machine's clock says {now:%Y-%m-%d %H:%M} UTC",
        "set this clock (timedatectl), or find the machine whose clock ran ahead; until then new entries carry the "
        "later time, and cooldowns wait for it",
    )


def _room(name: str, place: Path) -> Finding:
    while not place.exists():
        place = place.parent
    free = shutil.disk_usage(place).free
    found = f"{free / 1e9:.1f} GB free at {place}" if free >= LITTLE_BYTES else f"{free / 1e6:.0f} MB free at {place}"
    if free < NO_BYTES:
        return broken(name, found, "free space there; then all goes on by itself, nothing has to be started again")
    if free < LITTLE_BYTES:
        return warning(name, found, "free space there soon: versions, checkpoints and Prefect's database grow")
    return ok(name, found)
