"""The command that serves programs and agents."""

import typer

from orchestration.cli.context import settings_for

app = typer.Typer()


@app.command()
def mcp() -> None:
    """Serve the published, masked file to programs: Model Context Protocol over stdio."""
    from orchestration.agents.agent_server import agent_server
    from orchestration.run.settings import AgentSettings

    agent_server(settings_for(), AgentSettings()).run("stdio")
