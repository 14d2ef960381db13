"""Who calls in from outside, and who keeps the service running? Requests, the webhook, and the one-machine service."""

import os

# Before prefect is imported anywhere below: nothing about this installation leaves it.
os.environ.setdefault("PREFECT_SERVER_ANALYTICS_ENABLED", "false")
os.environ.setdefault("DO_NOT_TRACK", "1")
