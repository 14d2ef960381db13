"""What do stored versions answer to texts? Each verified, on the base it was trained on, in one process of its own."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from retrain.base import locate
from retrain.pipeline.site import Site
from retrain.training import process
from retrain.training.artifact import read_model_file
from retrain.training.job import Scored, ScoringJob, VersionAt


def scored(
    site: Site,
    versions: Sequence[str],
    texts: Sequence[str],
    *,
    watched: Mapping[str, tuple[str, ...]] | None = None,
    fetched_into: Path | None = None,
) -> tuple[Scored, ...]:
    """The answers of each version, from this machine's copies unless another folder is named; of `watched` texts also
    the probabilities of these labels.

    Raises DigestMismatch, WorkerDied, and errors of ours as the process met them.
    """
    copies = fetched_into or site.settings.cache / "versions"
    folders = [site.versions.fetch(version, copies) for version in versions]
    # Each on the base it was trained on: the spec may name another one by now.
    bases = [locate(read_model_file(folder).base, site.spec.path(".")) for folder in folders]
    places = tuple(VersionAt(folder=folder, base=base) for folder, base in zip(folders, bases, strict=True))
    threads = site.spec.training.threads
    job = ScoringJob(versions=places, texts=tuple(texts), watched=dict(watched or {}), threads=threads)
    return process.score(job).scored
