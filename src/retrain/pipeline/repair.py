"""What of a model's places is damaged or left over, and what of that can be mended without losing anything?"""

import re
import shutil
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from retrain.errors import NotInStore, RetrainError, SafetyError
from retrain.pipeline.mended import Repair, What
from retrain.pipeline.site import Site
from retrain.pipeline.situation import dead_claim
from retrain.store.events import Ended
from retrain.store.ledger import Draft, LedgerEntry
from retrain.store.shelf import MANIFEST, intact
from retrain.store.state import State
from retrain.values import short

DIGEST = re.compile("[0-9a-f]{64}")
OLD = timedelta(days=1)
"""A writer may be at work for hours; what is older belongs to nobody."""


def repairs(site: Site, *, do: bool) -> tuple[Repair, ...]:
    """Look at everything that one model has; with `do`, mend what can be. Nothing stored is changed or removed."""
    broken = list(_ledger(site))
    if broken:
        # Without a ledger that holds nobody knows what else belongs where.
        return tuple(broken)
    state = site.ledger.state()
    found = [*_claim(site, state, do=do), *_champion(site, state, do=do)]
    found += [*_cache(site, do=do), *_work(site, do=do), *_half_written(site)]
    return tuple(found)


def _ledger(site: Site) -> Iterator[Repair]:
    """Nothing is made up where a link is missing: an entry that was decided once cannot be decided again."""
    missing = site.ledger.gaps()
    said = ", ".join(f"{number:08d}.json" for number in missing[:5]) + (" and others" if len(missing) > 5 else "")
    if missing:
        found, action = (
            f"{len(missing)} of its entries are missing",
            f"restore models/{site.model}/ledger/: {said}, from a backup",
        )
        yield _refused(site, found, action)
        return
    try:
        site.ledger.newest()
    except SafetyError as error:
        yield _refused(site, str(error), f"`retrain audit {site.model}` tells what else is wrong")


def _refused(site: Site, found: str, action: str) -> Repair:
    return Repair(
        model=site.model, what="ledger", found=found, action=action, done=False, possible=False, exit_status=4
    )


def _claim(site: Site, state: State, *, do: bool) -> Iterator[Repair]:
    dead = dead_claim(state, site.clock())
    if dead is None:
        return
    found = f"run {short(dead.id)} of process {dead.pid} on {dead.host} is dead and holds the claim"
    if dead.snapshot or dead.version:
        left = "version" if dead.version else "snapshot"
        name = short(dead.version or dead.snapshot or "")
        action = f"nothing to mend: the next run or check goes on with its {left} {name}"
        yield Repair(model=site.model, what="claim", found=found, action=action, done=False, possible=False)
        return
    reason = "ended by `retrain doctor --repair`: its process is dead, and it left no work to go on with"

    def draft(newest: LedgerEntry | None) -> Draft | None:
        now = newest.state if newest else State()
        if now.claim is None or now.claim.id != dead.id:
            return None
        return Draft(event=Ended(claim=dead.id, outcome="failed"), reasons=(reason,), actor=site.actor)

    if do:
        site.ledger.append(draft)
    yield Repair(model=site.model, what="claim", found=found, action="the claim is ended as failed", done=do)


def _champion(site: Site, state: State, *, do: bool) -> Iterator[Repair]:
    """The champion and its predecessor: what a server may be told to serve next."""
    served: dict[str, What] = {state.champion.version: "champion"} if state.champion else {}
    for one in state.predecessors[-1:]:
        served.setdefault(one.version, "predecessor")
    for version, what in served.items():
        try:
            site.versions.verify_all(version)
        except (SafetyError, NotInStore) as error:
            yield from _restored(site, version, (what, str(error)), do=do)


def _restored(site: Site, version: str, fails: tuple[What, str], *, do: bool) -> Iterator[Repair]:
    """From this machine's copy, where that is whole: a missing key is created; a changed one nobody can replace."""
    what, found = fails
    copy = site.settings.cache / "versions" / version
    manifest = intact(copy, version)
    fault = {"model": site.model, "what": what, "found": found}
    if manifest is None:
        other = "`retrain promote` another version" if what == "champion" else "know that `retrain rollback` is refused"
        action = f"restore {site.versions.address(version, '')} from a backup, or {other}"
        yield Repair.model_validate({**fault, "action": action, "done": False, "possible": False, "exit_status": 4})
        return
    missing, changed = site.versions.lacking(version, manifest)
    if changed:
        where = ", ".join(site.versions.address(version, name) for name in changed)
        action = (
            f"remove {where} by hand (what was stored once is never overwritten), then `retrain doctor --repair` "
            f"restores it from the verified copy {copy}"
        )
        yield Repair.model_validate({**fault, "action": action, "done": False, "possible": False, "exit_status": 4})
    if missing:
        if do:
            site.versions.restore(version, copy, missing)
        action = f"{', '.join(missing)} created again from the verified copy {copy}"
        yield Repair.model_validate({**fault, "action": action, "done": do, "exit_status": 0 if do else 4})


def _cache(site: Site, *, do: bool) -> Iterator[Repair]:
    folder = site.settings.cache / "versions"
    for copy in sorted(folder.iterdir()) if folder.is_dir() else []:
        if copy.name.startswith(".") or intact(copy, copy.name) is not None or not site.versions.holds(copy.name):
            continue
        found = f"the local copy {copy} is not what its digest promises"
        action, done = "fetched anew from the store", do
        if do:
            try:
                site.versions.fetch(copy.name, folder)
            except RetrainError as error:
                action, done = f"cannot be fetched anew: {error}", False
        yield Repair(model=site.model, what="cache", found=found, action=action, done=done)


def _work(site: Site, *, do: bool) -> Iterator[Repair]:
    """Scratch space of a run that has ended; a run at work, or one to be gone on with, keeps its own."""
    folder = site.settings.work / site.model
    if not folder.is_dir() or site.ledger.state().claim is not None:
        return
    newest = max((path.stat().st_mtime for path in (folder, *folder.rglob("*"))), default=0.0)
    if site.clock() - datetime.fromtimestamp(newest, UTC) < OLD:
        return
    if do:
        shutil.rmtree(folder, ignore_errors=True)
    found = f"{folder} is left from a run that has ended"
    yield Repair(model=site.model, what="work folder", found=found, action="removed", done=do)


def _half_written(site: Site) -> Iterator[Repair]:
    """Files without a manifest: no entry will ever name them, and a writer may still be at work on them."""
    files: defaultdict[str, list[str]] = defaultdict(list)
    for key in site.store.keys(f"models/{site.model}/"):
        place, _, name = key.rpartition("/")
        files[place].append(name)
    for place, names in sorted(files.items()):
        if "/judgements/" not in place and DIGEST.fullmatch(Path(place).name) and MANIFEST not in names:
            where = f"{site.store.address}/{place}"
            found = f"{where} holds {len(names)} files and no manifest: its writer died, or still writes"
            action = "harmless: no entry names them, and the same bundle, written again, takes them over"
            yield Repair(
                model=site.model, what="half-written bundle", found=found, action=action, done=False, possible=False
            )
