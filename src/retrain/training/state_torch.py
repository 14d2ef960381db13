"""What must be kept so that training goes on as if it had not stopped? Weights, optimizer, chance, the best so far."""

from dataclasses import dataclass

import torch
from safetensors.torch import load, save
from torch import Tensor, nn

from retrain.training.checkpoint import Checkpoint
from retrain.training.schedule import Epoch

TENSORS = "state.safetensors"
Weights = dict[str, Tensor]


@dataclass(slots=True, kw_only=True)
class State:
    """One trial in progress."""

    network: nn.Module
    optimizer: torch.optim.Optimizer
    epochs: list[Epoch]
    best: Weights
    """Trained weights of the best epoch so far."""


def trained_weights(network: nn.Module) -> Weights:
    """A copy of what training changes: adapter and head, not the base."""
    return {name: part.detach().clone() for name, part in network.named_parameters() if part.requires_grad}


@torch.no_grad()
def put_weights(network: nn.Module, weights: Weights) -> None:
    """Bring trained weights back."""
    own = {name: part for name, part in network.named_parameters() if part.requires_grad}
    if own.keys() != weights.keys():
        raise KeyError(f"trained weights {sorted(own.keys() ^ weights.keys())[:3]} are in one of the two only")
    for name, part in own.items():
        part.copy_(weights[name])


def pack(weights: Weights) -> bytes:
    """As a safetensors file."""
    content: bytes = save({name: value.detach().cpu().contiguous() for name, value in weights.items()})
    return content


def unpack(content: bytes) -> Weights:
    """From a safetensors file."""
    weights: Weights = load(content)
    return weights


def snapshot_of(state: State) -> Checkpoint:
    """The state at the end of an epoch."""
    tensors = {f"model|{name}": value for name, value in trained_weights(state.network).items()}
    tensors |= {f"best|{name}": value for name, value in state.best.items()}
    for number, values in state.optimizer.state_dict()["state"].items():
        tensors |= {f"optimizer|{number}|{name}": value for name, value in values.items()}
    tensors["chance|cpu"] = torch.get_rng_state()
    if torch.cuda.is_available():
        tensors["chance|cuda"] = torch.cuda.get_rng_state()
    about = {"epochs": [epoch.model_dump() for epoch in state.epochs]}
    return Checkpoint(step=state.epochs[-1].number, files={TENSORS: pack(tensors)}, about=about)


def restore(state: State, checkpoint: Checkpoint) -> None:
    """Bring the state back to where the checkpoint was taken."""
    tensors = unpack(checkpoint.files[TENSORS])
    put_weights(state.network, _under(tensors, "model"))
    state.best = _under(tensors, "best")
    state.epochs[:] = [Epoch.model_validate(epoch) for epoch in checkpoint.about["epochs"]]
    moments: dict[int, Weights] = {}
    for name, value in _under(tensors, "optimizer").items():
        number, _, part = name.partition("|")
        moments.setdefault(int(number), {})[part] = value
    state.optimizer.load_state_dict({**state.optimizer.state_dict(), "state": moments})
    torch.set_rng_state(tensors["chance|cpu"])
    if torch.cuda.is_available() and "chance|cuda" in tensors:
        torch.cuda.set_rng_state(tensors["chance|cuda"])


def _under(tensors: Weights, prefix: str) -> Weights:
    return {name.removeprefix(f"{prefix}|"): value for name, value in tensors.items() if name.startswith(f"{prefix}|")}
