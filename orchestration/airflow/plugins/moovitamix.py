"""Airflow's plugin of this project: the login wall, and our pages in its menu and beside each DAG.

Airflow reads this file (`AIRFLOW__CORE__PLUGINS_FOLDER`) and finds the class in it.
"""

from typing import Any

from airflow.plugins_manager import AirflowPlugin

from orchestration.airflow.plugins import deadlines
from orchestration.airflow.plugins.login_wall import LoginWall
from orchestration.airflow.plugins.own_pages import PREFIX, app

PAGES = {
    "Explore": "explore/listening/",
    "dbt docs": "dbt",
    "Data Docs": "quality/index.html",
    "Report": "report",
}

deadlines.mend()


class MoovitamixPlugin(AirflowPlugin):
    """The login wall and the pages of this project."""

    name = "moovitamix"
    fastapi_apps: list[dict[str, Any]] = [{"name": "moovitamix", "app": app, "url_prefix": PREFIX}]
    fastapi_root_middlewares: list[dict[str, Any]] = [
        {"name": "login wall", "middleware": LoginWall, "args": [], "kwargs": {}}
    ]
    external_views: list[dict[str, Any]] = [
        {
            "name": name,
            "href": f"{PREFIX}/{path}",
            "url_route": f"moovitamix-{place}-{path.partition('/')[0]}",
            "destination": place,
            "category": "browse",
        }
        for name, path in PAGES.items()
        for place in ("nav", "dag")
    ]
