import marimo

app = marimo.App(width="full", app_title="Catalogue", css_file="pages.css")

with app.setup:
    import marimo as mo

    from orchestration.explore import panels, periods, published
    from orchestration.explore.charts import bar_charts, line_charts
    from orchestration.explore.panels import Panel, trend

    KINDS = {"artists": "artist", "genres": "genres", "albums": "album", "tracks": "name"}
    MOST = 10


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
    mo.stop(marts is None, panels.Header("catalogue"))
    panels.Header("catalogue", marts)
    return (marts,)


@app.cell
def _():
    kind = mo.ui.dropdown(list(KINDS), value="artists", label="Look at")
    span = mo.ui.dropdown(list(periods.SPANS), value="3 months", label="for")
    panels.controls(kind, span)
    return kind, span


@app.cell
def _(kind, marts, span):
    shown = periods.whole_periods(marts, "week", periods.SPANS[span.value])
    earlier = shown.before()
    # A track is known by its id: two may have one name.
    group = "track" if kind.value == "tracks" else f"track__{KINDS[kind.value]}"
    total = marts.metrics("listens", since=shown.since, until=shown.until)[0]["listens"] or 0
    mo.stop(not total, mo.md("Nobody has listened to anything yet."))
    return earlier, group, shown, total


@app.cell
def _(earlier, group, kind, marts, shown, span, total):
    top = marts.metrics(
        "listens",
        "active_users",
        by=[group],
        since=shown.since,
        until=shown.until,
        order="-listens",
        limit=MOST,
    )
    titles = {}
    if group == "track":
        wanted = ", ".join(str(row["track"]) for row in top)
        titles = {
            row["track_id"]: f"{row['name']} · {row['artist']}"
            for row in marts.rows(
                f"select track_id, name, artist from dim_tracks where track_id in ({wanted})"
            )
        }
    known = tuple(row[group] for row in top if row[group] is not None)
    past = {}
    if earlier and known:
        before = {"since": earlier.since, "until": earlier.until}
        past = {
            row[group]: row["listens"]
            for row in marts.metrics("listens", by=[group], where={group: known}, **before)
        }
    ranking = [
        {
            "name": titles.get(row[group], row[group]) or "unknown",
            "listens": row["listens"],
            "trend": trend(row["listens"], past.get(row[group])) if earlier else "",
        }
        for row in top
    ]
    first = ranking[0]
    panel_of_top = Panel(
        f"{first['name']} leads the {kind.value} with {first['listens'] / total:.1%} of listens",
        bar_charts.ranked(ranking, "name", "listens", note="trend"),
        note=f"Listens of the last {span.value} in whole weeks"
        + (", and the change against the time as long before it." if earlier else "."),
    )
    mo.stop(not known, panels.side_by_side(panel_of_top))
    weekly = sorted(
        (
            row | {"name": titles.get(row[group], row[group])}
            for row in marts.metrics("listens", **shown.asked, by=[group], where={group: known[:5]})
        ),
        key=lambda row: known.index(row[group]),
    )
    newest = max(row["metric_time"] for row in weekly)
    ends = [row for row in weekly if row["metric_time"] == newest]
    leader = max(ends, key=lambda row: row["listens"])
    panels.side_by_side(
        panel_of_top,
        Panel(
            f"{leader['name']} was ahead in the newest week",
            line_charts.several(weekly, "listens", "name"),
            note=f"Listens a week of the five leading {kind.value}.",
        ),
    )


@app.cell
def _(group, kind, marts, shown):
    key = {"track": "track_id"}.get(group, group.removeprefix("track__"))
    curve = marts.rows(
        f"""
        with counted as (
            select {key} as one, count(*) as listens
            from fact_listen_history inner join dim_tracks using (track_id)
            where listened_at >= '{shown.since}' and listened_at < '{shown.until}'
            group by one
        ),
        ordered as (
            select
                listens,
                row_number() over (order by listens desc) as place,
                count(*) over () as them,
                sum(listens) over () as total
            from counted
        )
        select
            cast(ceil(100 * place / them) as integer) as percentile,
            sum(sum(listens)) over (order by percentile) / any_value(total) as share
        from ordered
        group by percentile
        order by percentile
        """
    )
    tenth = next(row for row in curve if row["percentile"] >= 10)
    panel_of_shares = Panel(
        f"The top {tenth['percentile']}% of {kind.value} get {tenth['share']:.0%} of listens",
        line_charts.curve(curve, "percentile", "share"),
        note=f"{kind.value.capitalize()} that were listened to, from the most played to the least;"
        " the straight line would be equal shares.",
    )
    news = marts.rows(
        f"""
        select
            cast(date_trunc('week', listened_at) as date) as metric_time,
            count(*) filter (
                where created_at >= listened_at - interval 30 day and created_at <= listened_at
            ) / count(*) as share
        from fact_listen_history inner join dim_tracks using (track_id)
        where listened_at >= '{shown.since}' and listened_at < '{shown.until}'
        group by metric_time
        order by metric_time
        """
    )
    panels.side_by_side(
        panel_of_shares,
        Panel(
            f"New tracks get {news[-1]['share']:.1%} of listens",
            line_charts.over_time(news, "share", share=True),
            note="Share of each week's listens to tracks that the app had for 30 days at most.",
        ),
    )


@app.cell
def _(marts, shown):
    newcomers = marts.rows(
        f"""
        with newest as (
            select track_id, name, artist, genres, created_at from dim_tracks
            where created_at >= date '{shown.until}' - interval 30 day
                and created_at < '{shown.until}'
        )
        select
            name as track,
            artist,
            count(*) as listens,
            count(distinct user_id) as people,
            genres as genre,
            cast(created_at as date) as since
        from fact_listen_history inner join newest using (track_id)
        where listened_at >= date '{shown.until}' - interval 30 day
            and listened_at < '{shown.until}'
        group by track_id, name, artist, genres, created_at
        order by listens desc, track_id
        limit 10
        """
    )
    headline = (
        f"{newcomers[0]['track']} by {newcomers[0]['artist']} is the most played newcomer"
        if newcomers
        else "No track came in the last 30 days"
    )
    panels.side_by_side(
        Panel(headline, rows=newcomers, note="Tracks of the last 30 days.", is_wide=True)
    )


if __name__ == "__main__":
    app.run()
