import marimo

app = marimo.App(width="full", app_title="Data", css_file="pages.css")

with app.setup:
    import marimo as mo

    from orchestration.explore import panels, published
    from orchestration.explore.charts import bar_charts, line_charts
    from orchestration.explore.panels import Panel

    SPANS = {"7 days": 7, "30 days": 30, "90 days": 90}


@app.cell
def _():
    get_marts, set_marts = mo.state(published.marts())
    get_runs, set_runs = mo.state(published.monitoring())
    clock = panels.clock()
    clock
    return clock, get_marts, get_runs, set_marts, set_runs


@app.cell
def _(clock, get_marts, get_runs, set_marts, set_runs):
    # Follow each new publication: what depends on it is then counted again.
    clock.value
    if published.marts() is not get_marts():
        set_marts(published.marts())
    if published.monitoring() is not get_runs():
        set_runs(published.monitoring())


@app.cell
def _(get_marts, get_runs):
    marts, runs = get_marts(), get_runs()
    mo.stop(marts is None or runs is None, panels.Header("data"))
    panels.Header("data", marts)
    return marts, runs


@app.cell
def _(runs):
    tables = [
        row["table_name"]
        for row in runs.rows("select distinct table_name from load_volume order by all")
    ]
    span = mo.ui.dropdown(list(SPANS), value="30 days", label="Of the last")
    table = mo.ui.dropdown(["all tables", *tables], value="all tables", label="of")
    panels.controls(span, table)
    return span, table


@app.cell
def _(runs, span, table):
    since = runs.row(
        f"""
        select cast(coalesce(max(day), current_date) as date) - {SPANS[span.value]} + 1 as day
        from pipeline_runs
        """
    )["day"]
    only = "true" if table.value == "all tables" else f"table_name = '{table.value}'"
    return only, since


@app.cell
def _(marts, runs):
    ages = runs.rows(
        """
        select
            table_name as "table",
            place,
            status,
            round(age_hours, 1) as "hours old",
            error_after_hours as "limit, hours",
            newest_at as "newest at"
        from table_freshness
        qualify row_number() over (partition by place, table_name order by measured_at desc) = 1
        order by place desc, table_name
        """
    )
    late = [row["table"] for row in ages if row["status"] not in {"pass", None}]
    contents = marts.rows(
        """
        select table_name as "table", rows
        from publication_tables where schema_name = 'main' order by rows desc, table_name
        """
    )
    listens = {row["table"]: row["rows"] for row in contents}.get("fact_listen_history", 0)
    panels.side_by_side(
        Panel(
            f"{', '.join(late)} is older than it should be" if late else "Everything is fresh",
            rows=ages,
            note="Age by the clock of the newest run; beyond the limit a run stops.",
        ),
        Panel(
            f"{listens:,} listens are published",
            rows=contents,
            note="Rows of each table of the publication.",
        ),
    )


@app.cell
def _(only, runs, since):
    volume = runs.rows(
        f"""
        select day as metric_time, table_name as "table", sum(received) as records
        from load_volume
        where day >= '{since}' and {only} and kind = 'incremental'
        group by all order by 1, 2
        """
    )
    odd = runs.rows(
        f"""
        select day, table_name as "table", verdict, received, usual from load_volume
        where day >= '{since}' and {only} and verdict != 'nothing new'
            and (verdict != 'accepted' or not received between usual_low and usual_high)
        order by finished_at desc limit 10
        """
    )
    set_apart = runs.rows(
        f"""
        select reason, table_name as "table", sum(records)::bigint as records
        from quarantined_records where day >= '{since}' and {only}
        group by all order by records desc, reason limit 10
        """
    )
    apart = sum(row["records"] for row in set_apart)
    panels.side_by_side(
        Panel(
            f"{len(odd)} loads were odd or refused" if odd else "Every load was as large as usual",
            line_charts.several(volume, "records", "table") if volume else None,
            rows=odd,
            note="Records of incremental loads by day. Usual is what the loads before brought.",
        ),
        Panel(
            f"{apart:,} records were quarantined or rejected"
            if apart
            else "No record was quarantined",
            bar_charts.ranked(set_apart, "reason", "records", note="table") if set_apart else None,
            note="By reason. They are kept, and no mart has them.",
        ),
    )


@app.cell
def _(only, runs, since):
    checked = runs.rows(
        f"""
        select table_name as "table", count(*) as checks, count(*) filter (where is_met) as met
        from quality_results where day >= '{since}' and {only}
        group by table_name order by table_name
        """
    )
    unmet = runs.rows(
        f"""
        select table_name as "table", rule, count(*) as times, max(day) as "last on"
        from quality_results where not is_met and day >= '{since}' and {only}
        group by all order by times desc, rule limit 10
        """
    )
    spent = runs.rows(
        f"""
        select
            day as metric_time,
            sum(seconds) as seconds,
            count(*) filter (where outcome != 'succeeded') as bad
        from pipeline_runs where day >= '{since}' and seconds is not null group by day order by day
        """
    )
    bad = sum(row["bad"] for row in spent)
    met = sum(row["met"] for row in checked)
    panels.side_by_side(
        Panel(
            f"{len(unmet)} rules were not always met"
            if unmet
            else f"All {met:,} checks of loads were met",
            rows=unmet or checked,
            note="Raw validation of what the app delivered.",
        ),
        Panel(
            f"{bad} runs did not succeed" if bad else "Every run succeeded",
            line_charts.over_time(spent, "seconds") if spent else None,
            note="Seconds of all runs of a day.",
        ),
    )


if __name__ == "__main__":
    app.run()
