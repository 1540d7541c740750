import marimo

app = marimo.App(width="full", app_title="Listening", css_file="pages.css")

with app.setup:
    import marimo as mo

    from orchestration.explore import panels, periods, published
    from orchestration.explore.charts import heat_maps, line_charts
    from orchestration.explore.panels import Panel, change


@app.cell
def _():
    get_marts, set_marts = mo.state(published.marts())
    clock = panels.clock()
    clock
    return clock, get_marts, set_marts


@app.cell
def _(clock, get_marts, set_marts):
    # Follow each new publication: what depends on `marts` is then counted again.
    clock.value
    if published.marts() is not get_marts():
        set_marts(published.marts())


@app.cell
def _(get_marts):
    marts = get_marts()
    mo.stop(marts is None, panels.Header("listening"))
    panels.Header("listening", marts)
    return (marts,)


@app.cell
def _():
    grain = mo.ui.dropdown(["day", "week", "month"], value="week", label="By")
    span = mo.ui.dropdown(list(periods.SPANS), value="6 months", label="for")
    panels.controls(grain, span)
    return grain, span


@app.cell
def _(grain, marts, span):
    shown = periods.whole_periods(marts, grain.value, periods.SPANS[span.value])
    found = marts.metrics("listens", "active_users", "repeat_share", **shown.asked)
    mo.stop(not found, mo.md("Nobody has listened to anything yet."))
    return found, shown


@app.cell
def _(found, grain, marts, shown):
    last, before = found[-1], found[-2] if len(found) > 1 else {}
    last_period = periods.named(last["metric_time"], grain.value)
    users = marts.metrics("new_users", **shown.asked)
    joined = users[-1]["new_users"] if users else 0
    panels.side_by_side(
        Panel(
            f"{last['listens']:,} listens in {last_period}:"
            f" {change(last['listens'], before.get('listens'))} the {grain.value} before",
            line_charts.over_time(found, "listens"),
            note=f"Listens by the start of their session, whole {grain.value}s only.",
        ),
        Panel(
            f"{last['active_users']:,} people listened,"
            f" {change(last['active_users'], before.get('active_users'))} the {grain.value} before",
            line_charts.over_time(found, "active_users"),
            note=f"Users with at least one listen in the {grain.value}.",
        ),
        Panel(
            f"{last['repeat_share']:.0%} of listens were repeats",
            line_charts.over_time(found, "repeat_share", share=True),
            note=f"Listens to a track that the same user had already heard in the {grain.value}.",
        ),
        Panel(
            f"{joined:,} people joined in {last_period}",
            line_charts.over_time(users, "new_users") if users else None,
            note="Users by the day on which they registered.",
        ),
    )


@app.cell
def _(marts, shown):
    hours = marts.rows(
        f"""
        select
            dayname(listened_at) as weekday,
            hour(listened_at) as hour,
            count(*) as listens
        from fact_listen_history
        where listened_at >= '{shown.since}' and listened_at < '{shown.until}'
        group by weekday, hour, isodow(listened_at)
        order by isodow(listened_at), hour
        """
    )
    by_day = {}
    for row in hours:
        by_day[row["weekday"]] = by_day.get(row["weekday"], 0) + row["listens"]
    busiest = max(hours, key=lambda row: row["listens"])
    panels.side_by_side(
        Panel(
            f"{max(by_day, key=by_day.get)} is the busiest day, and"
            f" {busiest['weekday']} {busiest['hour']}:00 UTC the busiest hour",
            heat_maps.heat(
                [row | {"weekday": row["weekday"][:3]} for row in hours],
                ("hour", "hour of the day, UTC"),
                ("weekday", "day"),
                "listens",
            ),
            note="The deeper the colour, the more listens began in that hour.",
            is_wide=True,
        )
    )


@app.cell
def _(marts):
    cohorts = marts.rows(
        f"""
        with listeners as (
            select
                user_id,
                first_listened_on,
                cast(date_trunc('week', first_listened_on) as date) as cohort
            from {periods.listeners()}
        ),
        clock as (select cast(built_at as date) as today from publication),
        newest as (
            select cohort from listeners cross join clock
            where first_listened_on + 6 < today
            group by cohort order by cohort desc limit 12
        ),
        seen as (
            select distinct
                user_id,
                (cast(listened_at as date) - first_listened_on) // 7 as week
            from fact_listen_history
            inner join listeners using (user_id)
            where cohort in (from newest) and listened_at >= (select min(cohort) from newest)
        ),
        known as (
            select user_id, cohort, unnest(range(1, 12))::integer as week, first_listened_on
            from listeners where cohort in (from newest)
        )
        select
            cohort,
            week,
            count(*) as listeners,
            count(seen.user_id) / count(*) as came_back
        from known
        cross join clock
        left join seen using (user_id, week)
        where first_listened_on + week * 7 + 6 < today
        group by cohort, week
        order by cohort, week
        """
    )
    retained = [
        row
        for row in marts.metrics("week_4_retention", grain="week")
        if row["week_4_retention"] is not None
    ]
    return cohorts, retained


@app.cell
def _(cohorts, retained):
    mo.stop(not cohorts, mo.md("Nobody's second week is over yet."))
    if retained:
        newest = retained[-1]
        came = f"{newest['week_4_retention']:.0%} came back in their week 4"
        cohort_headline = (
            f"Of those who began in {periods.named(newest['metric_time'], 'week')}, {came}"
        )
    else:
        cohort_headline = "Nobody's week 4 is over yet"
    panels.side_by_side(
        Panel(
            cohort_headline,
            heat_maps.heat(
                [row | {"began": f"{row['cohort']:%d %b}"} for row in cohorts],
                ("week", "weeks after the first listen"),
                ("began", "began in the week of"),
                "came_back",
                share=True,
            ),
            note="By the week of the first listen: the share who listened in each week after it."
            " Week 4 is days 28 to 34. People whose week is not over are left out.",
            is_wide=True,
        )
    )


if __name__ == "__main__":
    app.run()
