"""retrain: keeps a fine-tuned language model good, unattended. What may other programs import from here?"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from retrain.pipeline.champion import ServedChampion as ServedChampion
    from retrain.pipeline.champion import champion as champion
    from retrain.production.logger import PredictionLogger as PredictionLogger

__version__ = "0.1.0"
__all__ = ["PredictionLogger", "ServedChampion", "__version__", "champion"]


def __getattr__(name: str) -> Any:
    """Import at first use: `import retrain` in a server must cost nothing."""
    from importlib import import_module  # noqa: PLC0415

    homes = {
        "champion": "retrain.pipeline.champion",
        "ServedChampion": "retrain.pipeline.champion",
        "PredictionLogger": "retrain.production.logger",
    }
    if name not in homes:
        raise AttributeError(f"module 'retrain' has no attribute {name!r}")
    return getattr(import_module(homes[name]), name)
