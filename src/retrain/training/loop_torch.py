"""How does one trial run? Epoch after epoch over batches of similar length, until it no longer gets better."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from retrain.device_torch import settles_for_less
from retrain.training import checkpoint
from retrain.training.batches import halves, training_batches
from retrain.training.job import Settings
from retrain.training.measures import accuracy, mean_loss
from retrain.training.network_torch import Network, Tokens, logits_of
from retrain.training.policy import TrainingPolicy
from retrain.training.schedule import Epoch, best_epoch, finished, rate_factor
from retrain.training.state_torch import State, Weights, restore, snapshot_of, trained_weights

WEIGHT_DECAY = 0.01
GRADIENT_NORM = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Tokenised rows and the numbers of their labels (-1: not known to training)."""

    tokens: Tokens
    labels: NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """What a trial learns from, and by which numbers."""

    train: Part
    validation: Part
    settings: Settings
    policy: TrainingPolicy


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a trial ended."""

    epochs: tuple[Epoch, ...]
    best: Weights
    pruned: bool


def fit(network: Network, course: Course, *, folder: Path, pruned: Callable[[Epoch], bool]) -> Outcome:
    """Train until it is finished or pruned, from the newest checkpoint in `folder` on when there is one.

    `pruned` is told every epoch, those read back from a checkpoint included, and says whether to stop there.
    """
    optimizer = torch.optim.AdamW(_rates(network, course.settings), weight_decay=WEIGHT_DECAY)
    state = State(network=network, optimizer=optimizer, epochs=[], best={})
    saved = checkpoint.newest(folder)
    if saved is not None:
        restore(state, saved)
    stopped = False
    for epoch in state.epochs:
        stopped = pruned(epoch)
    limits = {"max_epochs": course.policy.max_epochs, "patience": course.policy.patience}
    while not stopped and not finished(state.epochs, **limits):
        epoch = _epoch(network, optimizer, course, number=len(state.epochs) + 1)
        state.epochs.append(epoch)
        if best_epoch(state.epochs) == epoch:
            state.best = trained_weights(network)
        checkpoint.save(folder, snapshot_of(state))
        stopped = pruned(epoch)
    return Outcome(epochs=tuple(state.epochs), best=state.best, pruned=stopped)


def _epoch(network: Network, optimizer: torch.optim.Optimizer, course: Course, *, number: int) -> Epoch:
    size, policy = course.settings.batch_size, course.policy
    batches = training_batches(course.train.tokens.lengths, size=size, seed=policy.seed, epoch=number)
    total = len(batches) * policy.max_epochs
    network.train()
    losses = []
    micro = size
    for at, rows in enumerate(batches):
        factor = rate_factor((number - 1) * len(batches) + at, total)
        for group in optimizer.param_groups:
            group["lr"] = group["full_rate"] * factor
        loss, micro = _gradients_that_fit(network, optimizer, (course.train, rows), micro)
        nn.utils.clip_grad_norm_(network.parameters(), GRADIENT_NORM)
        optimizer.step()
        losses.append((loss, len(rows)))
    logits = logits_of(network, course.validation.tokens)
    return Epoch(
        number=number,
        # Read here and not after each step: a GPU would have to come to a stop every time.
        train_loss=sum(loss.item() * rows for loss, rows in losses) / len(course.train.labels),
        validation_loss=mean_loss(logits, course.validation.labels),
        validation_accuracy=accuracy(logits, course.validation.labels),
    )


def _gradients_that_fit(
    network: Network, optimizer: torch.optim.Optimizer, work: tuple[Part, list[int]], micro: int
) -> tuple[Tensor, int]:
    """A batch's gradients; when memory does not hold it, again in halves, so the effective batch stays the same.

    The optimizer's step is not part of what is tried again: half of it done twice would be another step.
    """
    while True:
        try:
            return _gradients(network, optimizer, work, micro), micro
        except torch.OutOfMemoryError:
            if micro == 1:
                raise
        except RuntimeError as error:
            if not settles_for_less(error):
                raise
            continue
        # Only here, after the exception and what its frames held are gone, is there something to give back.
        torch.cuda.empty_cache()
        micro = (micro + 1) // 2


def _gradients(network: Network, optimizer: torch.optim.Optimizer, work: tuple[Part, list[int]], micro: int) -> Tensor:
    part, rows = work
    optimizer.zero_grad(set_to_none=True)
    total = torch.zeros((), device=network.device)
    for piece in halves(rows, micro):
        loss = _loss(network, part, piece) * (len(piece) / len(rows))
        loss.backward()  # type: ignore[no-untyped-call]
        total += loss.detach()
    return total


def _loss(network: Network, part: Part, rows: list[int]) -> Tensor:
    device = network.device
    logits = network(**part.tokens.batch(rows, device))
    return nn.functional.cross_entropy(logits.float(), torch.from_numpy(part.labels[rows]).to(device))


def _rates(network: Network, settings: Settings) -> list[dict[str, object]]:
    adapter = [part for part in network.encoder.parameters() if part.requires_grad]
    groups = [(adapter, settings.learning_rate), (list(network.head.parameters()), settings.head_learning_rate)]
    return [{"params": parts, "lr": rate, "full_rate": rate} for parts, rate in groups if parts]
