"""Which signals can be watched in this window? Two arrays for each, or the reason why not."""

from retrain.drift.signals.every import signals as signals
from retrain.drift.signals.signal import MIN_REFERENCE as MIN_REFERENCE
from retrain.drift.signals.signal import Found as Found
from retrain.drift.signals.signal import NotWatched as NotWatched
from retrain.drift.signals.signal import Signal as Signal
from retrain.drift.signals.signal import beyond as beyond
from retrain.drift.signals.signal import categories as categories
from retrain.drift.signals.signal import numeric as numeric
