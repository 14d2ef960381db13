"""Which challenger does this run put up? One trained in a process of its own, and stored before it is named."""

import json

from retrain.pipeline.claim import Run
from retrain.pipeline.prepare import PreparedSnapshot
from retrain.pipeline.site import Site
from retrain.store.events import Trained
from retrain.training import process
from retrain.training.job import Progress, Settings, TrainingJob, settings_of
from retrain.training.version import ModelVersion
from retrain.values import Value, short


class TrainedVersion(Value):
    """A stored challenger."""

    digest: str
    version: ModelVersion


def train(run: Run, prepared: PreparedSnapshot) -> TrainedVersion:
    """The run's challenger: the one it already has when it goes on from a dead run, else a new one."""
    site = run.site
    if run.claim.version is not None:
        run.tell("train", f"going on with version {short(run.claim.version)}")
        return TrainedVersion(digest=run.claim.version, version=version_of(site, run.claim.version))
    workspace = site.settings.work / site.model
    job = TrainingJob(
        model=site.model,
        snapshot=prepared.digest,
        snapshot_folder=site.snapshots.fetch(prepared.digest, workspace / "datasets"),
        base=site.base(),
        policy=site.spec.training,
        workspace=workspace,
        now=site.clock(),
        champion_settings=_champion_settings(site),
    )

    def show(progress: Progress) -> None:
        run.tell(progress.stage, progress.message)

    result = process.train(job, on_progress=show)
    files = {path.name: path for path in sorted(result.folder.iterdir())}
    digest = site.versions.put(files, result.version.model_dump(mode="json"))
    figures = ", ".join(f"{kind} {value:.3f}" for kind, value in sorted(result.version.validation_accuracy.items()))
    reasons = (f"{result.version.lineage.kind} won on validation rows ({figures})",)
    run.append(Trained(claim=run.claim.id, version=digest), reasons, {"version": digest, "dataset": prepared.digest})
    return TrainedVersion(digest=digest, version=result.version)


def version_of(site: Site, digest: str) -> ModelVersion:
    """What the manifest of a stored version says."""
    return ModelVersion.model_validate_json(json.dumps(site.versions.manifest(digest).about))


def _champion_settings(site: Site) -> Settings | None:
    champion = site.ledger.state().champion
    return settings_of(version_of(site, champion.version)) if champion else None
