"""What did both models answer to the held-out rows when they were compared? As the evaluation keeps it."""

import json

from pydantic import TypeAdapter

from retrain.dataset.snapshot import Snapshot
from retrain.evaluation.compare import Answers, majority_baseline
from retrain.pipeline.site import Site
from retrain.training.prediction import Prediction

PREDICTIONS = "predictions.json"
ROWS: TypeAdapter[list[list[Prediction]]] = TypeAdapter(list[list[Prediction]])


def compared_answers(site: Site, evaluation: str, about: tuple[str, str | None], snapshot: Snapshot) -> list[Answers]:
    """The challenger's and the champion's, `about` these two; without a champion, the stand-in's."""
    challenger, champion = about
    said = ROWS.validate_python(json.loads(site.evaluations.read(evaluation, PREDICTIONS)))
    theirs = said[1] if champion else majority_baseline(snapshot.train, len(snapshot.heldout))
    return [Answers(challenger, said[0]), Answers(champion, theirs)]
