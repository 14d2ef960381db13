"""Weekly, beside the drills: what of each model's past may go, where its spec has that done unattended?"""

from prefect import get_run_logger

from retrain.pipeline.collecting import collect
from retrain.pipeline.site import open_site
from retrain.settings import Settings


def collected(model: str, settings: Settings) -> None:
    """Collect, if `retention.automatic` says so. What goes wrong passes through to the round that asked."""
    site = open_site(model, settings, actor="flow collect")
    if not site.spec.retention.automatic:
        return
    for reason in collect(site).reasons:
        get_run_logger().info("%s: %s", model, reason)
