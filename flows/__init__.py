"""How does Prefect run the use cases? One thin flow each; what they decide is in `retrain.pipeline`."""

import os

# Before prefect is imported anywhere: nothing about this installation leaves it.
os.environ.setdefault("PREFECT_SERVER_ANALYTICS_ENABLED", "false")
os.environ.setdefault("DO_NOT_TRACK", "1")
# Without a server, a flow starts one for itself; on a busy machine that takes longer than Prefect's 20 seconds.
os.environ.setdefault("PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS", "120")
