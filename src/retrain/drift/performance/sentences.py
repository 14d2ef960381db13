"""How is a window's accuracy told to a person? What is known, how surely, and what it rests on."""

from retrain.store.judged import Accuracy, Performance


def told(performance: Performance) -> tuple[str, ...]:
    """A sentence for the estimate, and one for the labels."""
    estimated, labelled = performance.estimated, performance.labelled
    expected = f", {performance.expected:.3f} without drift" if performance.expected is not None else ""
    return (
        f"accuracy estimated without labels: {_figure(estimated)}{expected if estimated.value is not None else ''}"
        + (
            f" (from the confidence of {estimated.rows} rows and {estimated.source}; no proof)"
            if estimated.source
            else ""
        ),
        f"accuracy of labelled rows: {_figure(labelled)}"
        + (f" over {labelled.rows} rows" if labelled.value is not None else "")
        + (f"; {labelled.note}" if labelled.note else ""),
    )


def _figure(accuracy: Accuracy) -> str:
    if accuracy.value is None or accuracy.low is None or accuracy.high is None:
        return f"unknown: {accuracy.reason}"
    return f"{accuracy.value:.3f} ({accuracy.low:.3f} to {accuracy.high:.3f}, {accuracy.confidence:.0%})"
