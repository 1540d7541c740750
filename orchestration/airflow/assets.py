"""What the DAGs hand to each other: an event says that there is more of it, and what."""

from typing import Any

from airflow.sdk import Asset, Context

LAKE = Asset("lake", uri="moovitamix://lake")
MARTS = Asset("marts", uri="moovitamix://marts")
FEATURES = Asset("features", uri="moovitamix://features")
MODEL = Asset("model", uri="moovitamix://model")
RECOMMENDATIONS = Asset("recommendations", uri="moovitamix://recommendations")


def hand_on(context: Context, asset: Asset, **facts: str | int | None) -> None:
    """Say of the asset that this task updates what whoever waits for it may want to know."""
    context["outlet_events"][asset].extra = {
        name: fact for name, fact in facts.items() if fact is not None
    }


def handed(context: Context) -> list[dict[str, Any]]:
    """Return what the events that began this run say; nothing for one that a person began."""
    events = context.get("triggering_asset_events") or {}
    return [dict(event.extra or {}) for asset in events for event in events[asset]]
