"""The assets that chain the DAGs, and the facts in their events."""

from typing import Any

from airflow.sdk import Asset, Context

LAKE = Asset("lake", uri="moovitamix://lake")
MARTS = Asset("marts", uri="moovitamix://marts")
FEATURES = Asset("features", uri="moovitamix://features")
MODEL = Asset("model", uri="moovitamix://model")
RECOMMENDATIONS = Asset("recommendations", uri="moovitamix://recommendations")


def emit_asset_event(context: Context, asset: Asset, **facts: str | int | None) -> None:
    """Add facts to the event of an asset that this task updates."""
    context["outlet_events"][asset].extra = {
        name: fact for name, fact in facts.items() if fact is not None
    }


def triggering_events(context: Context) -> list[dict[str, Any]]:
    """Return the facts of the events that started this run; none if a person started it."""
    events = context.get("triggering_asset_events") or {}
    return [dict(event.extra or {}) for asset in events for event in events[asset]]
