"""How does Prefect run the use cases? One thin flow each; what they decide is in `retrain.pipeline`."""

import os

# Before prefect is imported anywhere: nothing about this installation leaves it.
os.environ.setdefault("PREFECT_SERVER_ANALYTICS_ENABLED", "false")
os.environ.setdefault("DO_NOT_TRACK", "1")
# Three times a beat is missing, and `flows.automations` takes the run for dead: also one that was started by hand.
os.environ.setdefault("PREFECT_FLOWS_HEARTBEAT_FREQUENCY", "30")
# Without a server, a flow starts one for itself; on a busy machine that takes longer than Prefect's 20 seconds.
os.environ.setdefault("PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS", "120")
