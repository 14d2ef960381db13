"""What is a challenger asked, beside the held-out rows? All texts together, so that each model is loaded once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from retrain.evaluation.regressions import SuiteSeen
from retrain.evaluation.suite import suite_seen
from retrain.evaluation.swapped import SwapTally
from retrain.evaluation.swaps import Trial, swap_trials, tallied, trial_texts
from retrain.pipeline.suite_file import SuiteFile, read_suite
from retrain.spec import ModelSpec
from retrain.training.job import Scored
from retrain.training.prediction import Prediction
from retrain.values import canonical_json


@dataclass(frozen=True, slots=True, kw_only=True)
class Questions:
    """Every text that has to be answered, the held-out rows first, and what each of the others is for."""

    texts: tuple[str, ...]
    heldout: int
    """How many of the texts are held-out rows."""
    trials: tuple[Trial, ...] | None
    """None: the spec turns swaps off."""
    suite: SuiteFile | None = None
    """None: the spec names none."""

    @property
    def watched(self) -> dict[str, tuple[str, ...]]:
        """Texts of which more than the answer is asked."""
        return self.suite.suite.watched if self.suite else {}

    def swaps(self, scored: Sequence[Scored]) -> tuple[SwapTally, ...] | None:
        """What swaps changed; the challenger's answers come first, the champion's second, if there is one."""
        if self.trials is None:
            return None
        said = [self._said(one) for one in scored]
        return tallied(self.trials, said[0], said[1] if len(said) > 1 else None)

    def regressions(self, scored: Sequence[Scored]) -> SuiteSeen | None:
        """How both did on the suite."""
        if self.suite is None:
            return None
        said = [self._said(one) for one in scored]
        return suite_seen(self.suite.suite, self.suite.digest, said[0], said[1] if len(said) > 1 else None)

    def files(self, scored: Sequence[Scored]) -> dict[str, bytes]:
        """The answers as an evaluation keeps them: to the held-out rows in their order, to the others with the text."""
        answers = [[prediction.model_dump(mode="json") for prediction in one.predictions] for one in scored]
        others = [
            {"text": text, "answers": [one[place] for one in answers]}
            for place, text in enumerate(self.texts)
            if place >= self.heldout
        ]
        asked = {"suite.yaml": self.suite.content} if self.suite else {}
        return {
            **asked,
            "predictions.json": canonical_json([one[: self.heldout] for one in answers]),
            "other_answers.json": canonical_json(others),
        }

    def _said(self, one: Scored) -> Mapping[str, Prediction]:
        return dict(zip(self.texts, one.predictions, strict=True))


def questions(heldout: Sequence[str], spec: ModelSpec) -> Questions:
    """What these held-out rows, and the spec, ask for. Raises SpecError when the suite cannot be read."""
    policy, suite = spec.evaluation, read_suite(spec)
    trials = tuple(swap_trials(heldout, policy.swaps)) if policy.swaps.rows else None
    known, wanted = set(heldout), [*trial_texts(trials or ()), *(suite.suite.texts if suite else ())]
    others = [text for text in dict.fromkeys(wanted) if text not in known]
    return Questions(texts=(*heldout, *others), heldout=len(heldout), trials=trials, suite=suite)
