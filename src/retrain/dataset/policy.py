"""Which examples are good enough to train on, and which are held out?"""

from pydantic import Field

from retrain.values import Policy


class DatasetPolicy(Policy):
    """The numbers of the training snapshot."""

    examples: str
    """File or folder of standing examples (`text`, `label`; .jsonl, .csv or .parquet); relative to the spec file."""
    min_examples: int = Field(default=500, ge=50)
    """Fewer clean examples than this and the retrain is refused. 500: several hundred good examples or none."""
    min_per_label: int = Field(default=10, ge=2)
    """Labels with fewer clean examples are left out, and said. 10: two of them reach validation and held-out each."""
    max_chars: int = Field(default=8_000, ge=100)
    """Longer texts are left out. 8,000: four times what a 512-token encoder reads."""
    near_duplicate: float = Field(default=0.8, gt=0, le=1)
    """Jaccard similarity of word 3-character shingles from which two texts count as the same. 0.8 as in the
    deduplication literature; exact search, since MinHash missed 23 % at this threshold."""
    heldout_share: float = Field(default=0.2, gt=0, lt=0.5)
    """Share of examples never trained on, chosen by hash of the text, so that a row keeps its side for ever. 0.2:
    with 1,000 examples, 200 rows decide, enough for a 5-point difference."""
    validation_share: float = Field(default=0.15, gt=0, lt=0.5)
    """Share of the rest used for tuning, early stopping and temperature, likewise by hash."""
    label_days: float = Field(default=400.0, gt=0)
    """How far back labelled production rows are gathered. 400: a year and its seasons."""
