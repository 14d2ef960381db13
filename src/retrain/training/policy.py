"""How is a challenger trained, and what may it cost?"""

from pydantic import Field

from retrain.values import Policy


class TrainingPolicy(Policy):
    """The numbers of tuning and fine-tuning. Figures behind the defaults: Banking77 with MiniLM on CPU."""

    lora_rank: int = Field(default=8, ge=1)
    """Rank of the adapter. 8: of the recipe that reached 0.843 on Banking77 with 1,000 rows."""
    learning_rate: float = Field(default=1e-3, gt=0)
    """First trial's adapter rate. 1e-3: the recipe that reached 0.843 at 1,000 rows, where defaults reached 0.12."""
    head_learning_rate: float = Field(default=1e-3, gt=0)
    """First trial's rate for the head, which starts from the probe and so needs no more than the adapter."""
    batch_size: int = Field(default=32, ge=1)
    """First trial's batch. 32, with the rates above."""
    max_epochs: int = Field(default=5, ge=1)
    """Passes over the rows at most. 5: the recipe's; early stopping ends sooner."""
    patience: int = Field(default=2, ge=1)
    """Epochs without a better validation loss that end training. 2: one bad epoch is noise."""
    trials: int = Field(default=4, ge=1)
    """Settings tried: the default recipe, the last champion's, then a search. 4: minutes on one core, where a search of
    22 took eight at 600 rows. Raise it where compute is cheap."""
    prune_after_epochs: int = Field(default=2, ge=1)
    """A trial that is behind the median after this many epochs is stopped. 2: earlier, rankings still change."""
    max_tokens: int = Field(default=128, ge=8)
    """Tokens read of each text; the rest is cut. 128: what all-MiniLM was trained with."""
    seed: int = 17
    """Seed of everything random in training."""
    threads: int = Field(default=1, ge=0, le=1_024)
    """Torch threads on a machine without a GPU; 0 takes one per physical core up to 4. 1: on shared cores two were 2 to
    50 times slower than one, and nobody watches; raise it on a machine of its own."""
    price_per_hour: float = Field(default=0.0, ge=0)
    """Money per hour of the machine, for the cost account; 0 when unknown, and then no money is shown."""
    currency: str = "EUR"
    """What the price is counted in."""
    time_limit_hours: float = Field(default=6.0, gt=0)
    """A training process is ended after this. 6: half of the claim's life."""
