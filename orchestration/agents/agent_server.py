"""The server: its tools, each a question about the published, masked file."""

from collections.abc import Callable
from datetime import date
from functools import partial
from importlib.metadata import version
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

from pydantic import Field

from lake.errors import MoovitamixError
from orchestration.agents import published_metrics, published_tables
from orchestration.agents.limited_query import limited_query
from orchestration.run.settings import AgentSettings, Settings
from orchestration.warehouse.semantic.metric_sql import Asked, Grain

if TYPE_CHECKING:
    from mcp.server.mcpserver import MCPServer

T = TypeVar("T")
INSTRUCTIONS = """\
What users of a music app listened to, as tables of one DuckDB file, read-only. Names, addresses
and genders of people are null. Start with list_tables, then describe_table. Take query_metric for
numbers that have a definition, and query, one select of DuckDB's SQL, for the rest. Instants are
UTC.
"""


def agent_server(settings: Settings, limits: AgentSettings) -> "MCPServer":
    """Return a server over the data folder's published, masked file.

    Each call opens the newest publication, so the server follows them without a restart.

    Args:
        settings: Of the data folder.
        limits: Of each answer.

    """
    from mcp.server.mcpserver import MCPServer
    from mcp_types import ToolAnnotations

    server = MCPServer(
        "moovitamix",
        instructions=INSTRUCTIONS,
        version=version("moovitamix-analytics"),
        log_level="ERROR",
    )
    reads = ToolAnnotations(read_only_hint=True, destructive_hint=False, open_world_hint=False)
    for tool in _tools(settings, limits):
        server.tool(annotations=reads)(tool)
    return server


def _tools(settings: Settings, limits: AgentSettings) -> list[Callable[..., Any]]:
    async def list_tables() -> list[dict[str, Any]]:
        """List the tables with a description and the number of rows."""
        return await _answer(published_tables.tables, settings, limits)

    async def describe_table(
        table: Annotated[str, Field(description="As list_tables names it.")],
    ) -> list[dict[str, Any]]:
        """List the columns of a table with type and description."""
        return await _answer(published_tables.columns, settings, limits, table)

    async def query(
        sql: Annotated[str, Field(description="One select of DuckDB's SQL.")],
    ) -> dict[str, Any]:
        """Answer a query, read-only; what is too large, too slow or no query is refused."""
        answer = await _answer(limited_query, settings, limits, sql)
        return answer.as_json()

    async def list_metrics() -> list[dict[str, Any]]:
        """List the metrics, what each means, and what it can be grouped and filtered by."""
        return published_metrics.metrics()

    async def query_metric(  # noqa: PLR0913, PLR0917 - what can be asked of a metric
        metrics: Annotated[list[str], Field(description="As list_metrics names them.")],
        grain: Annotated[Grain | None, Field(description="Periods; none: all time.")] = None,
        by: Annotated[list[str], Field(description="Dimensions to group by.")] = [],  # noqa: B006
        where: Annotated[
            dict[str, Any], Field(description="Values that dimensions must have; a list: any.")
        ] = {},  # noqa: B006
        since: Annotated[date | None, Field(description="First day.")] = None,
        until: Annotated[date | None, Field(description="First day after the last.")] = None,
        order: Annotated[str, Field(description="A column; -name: highest first.")] = "",
        limit: Annotated[int | None, Field(description="Rows.", ge=1)] = None,
    ) -> dict[str, Any]:
        """Compute metrics by their one definition."""
        wanted = {name: tuple(its) if isinstance(its, list) else its for name, its in where.items()}
        asked = Asked(
            metrics, grain, by, wanted, since=since, until=until, order=order, limit=limit
        )
        answer = await _answer(published_metrics.values, settings, limits, asked)
        return answer.as_json()

    return [list_tables, describe_table, list_metrics, query_metric, query]


async def _answer(ask: Callable[..., T], *arguments: Any) -> T:  # noqa: ANN401 - passed on
    """Ask in a thread; a refusal becomes the tool's error, for the program to read."""
    from anyio import to_thread
    from mcp.server.mcpserver.exceptions import ToolError

    try:
        return await to_thread.run_sync(partial(ask, *arguments))
    except MoovitamixError as error:
        raise ToolError(str(error)) from error
