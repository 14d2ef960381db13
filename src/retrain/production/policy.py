"""How is the production log of one model read?"""

from pydantic import Field

from retrain.values import Policy


class Columns(Policy):
    """The log's own column names, where they differ from the contract."""

    id: str = "id"
    timestamp: str = "timestamp"
    input: str = "input"
    output: str = "output"
    model_version: str = "model_version"
    confidence: str = "confidence"
    scores: str = "scores"


class ProductionPolicy(Policy):
    """Where predictions and labels are logged, and how much of them is kept in memory."""

    log: str
    """Folder with `date=YYYY-MM-DD/*.parquet`, `.jsonl` or `.jsonl.gz`; relative to the spec file."""
    labels: str | None = None
    """Folder or file of delayed labels (`id`, `label`, `labelled_at`, `labeller`); none by default."""
    columns: Columns = Columns()
    """Other names for the contract's columns."""
    groups: tuple[str, ...] = ()
    """Attributes watched for fairness, without the `group_` prefix: `channel` is `group_channel`. None by default."""
    numbers: tuple[str, ...] = ()
    """Columns of numbers that the log has besides, watched for drift one by one: prompt tokens, a retrieval score, an
    embedding's components. None by default."""
    lateness_minutes: int = Field(default=15, ge=0)
    """A window is read only when it is this old, so that buffered writers have written. 15: three flushes of the logger
    under its slowest setting."""
    skew_minutes: int = Field(default=5, ge=0)
    """Rows further in the future than this are quarantined as clock skew. 5: the tolerance Kerberos made customary."""
    max_input_chars: int = Field(default=20_000, ge=100)
    """Longer inputs are cut for the check and counted. 20,000: ten times what any small encoder reads."""
    sample_rows: int = Field(default=20_000, ge=1_000)
    """Rows of a window kept in memory, drawn evenly by hash of id. 20,000: a share is then known to
    0.4 of a point (one standard error)."""
