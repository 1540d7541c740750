import marimo

app = marimo.App(width="full", app_title="A listener", css_file="pages.css")

with app.setup:
    import marimo as mo

    from orchestration.explore import listener_search, panels, periods, published
    from orchestration.explore.charts import bar_charts, line_charts
    from orchestration.explore.panels import Panel


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
    mo.stop(marts is None, panels.Header("listener"))
    panels.Header("listener", marts)
    return (marts,)


@app.cell
def _():
    search = mo.ui.text(placeholder="a user id", label="Who")
    panels.controls(search)
    return (search,)


@app.cell
def _(marts, search):
    listener = listener_search.find(marts, search.value)
    mo.stop(listener is None, mo.md(f"No user is found by “{search.value}”."))
    user_id = listener["user_id"]
    shown = periods.whole_periods(marts, "week", periods.SPANS["year"])
    return listener, shown, user_id


@app.cell
def _(listener, marts, shown, user_id):
    listens = marts.metrics("listens", "repeat_share", **shown.asked, where={"user": user_id})
    mo.stop(not listens, mo.md(f"{listener['called']} has not listened to anything yet."))
    whole = marts.metrics("listens", "unique_tracks", where={"user": user_id})[0]
    artists = marts.metrics(
        "listens", by=["track__artist"], where={"user": user_id}, order="-listens", limit=8
    )
    panels.side_by_side(
        Panel(
            f"{listener['called']} listened {whole['listens']:,} times,"
            f" to {whole['unique_tracks']:,} tracks",
            line_charts.over_time(listens, "listens"),
            note="Listens a week, of the last year.",
        ),
        Panel(
            f"Most of all to {artists[0]['track__artist']}",
            bar_charts.ranked(artists, "track__artist", "listens"),
            note="Listens of all time by artist.",
        ),
    )


@app.cell
def _(marts, user_id):
    own = marts.metrics("listens", by=["track__genres"], where={"user": user_id}, order="-listens")
    every = {
        row["track__genres"]: row["listens"]
        for row in marts.metrics("listens", by=["track__genres"], order="-listens", limit=500)
    }
    own_total, total = sum(row["listens"] for row in own), sum(every.values())
    taste = [
        {
            "genre": row["track__genres"] or "unknown",
            "share": row["listens"] / own_total,
            "others": f"others {every.get(row['track__genres'], 0) / total:.0%}",
        }
        for row in own[:8]
    ]
    mo.stop(not taste)
    recent = marts.rows(
        f"""
        select name as track, artist, listened_at as "listened at"
        from fact_listen_history left join dim_tracks using (track_id)
        where user_id = {user_id}
        order by listened_at desc, session_position desc limit 8
        """
    )
    panels.side_by_side(
        Panel(
            f"{taste[0]['genre']} is {taste[0]['share']:.0%} of what they play",
            bar_charts.ranked(taste, "genre", "share", share=True, note="others"),
            note="Share of this user's listens by genre, and of everybody's.",
        ),
        Panel("What they heard last", rows=recent, note="By the start of the session, UTC."),
    )


@app.cell
def _(marts, user_id):
    mo.stop(not marts.has("playlist_tracks"))
    lists = marts.rows(
        f"""
        select
            title as playlist,
            tracks,
            string_agg(name, ', ' order by position) filter (where position <= 3) as "first tracks",
            mode(reason) as "mostly because of"
        from playlists
        inner join playlist_tracks using (playlist_id, day)
        left join dim_tracks using (track_id)
        where playlists.user_id = {user_id} and day = (select max(day) from playlists)
        group by playlist_id, title, tracks
        order by title
        """
    )
    came = marts.rows(
        f"""
        with listed as (
            select playlist_tracks.day, kind, track_id, made_at
            from playlist_tracks inner join playlists using (playlist_id, day)
            cross join publication
            where playlists.user_id = {user_id} and made_at + interval 7 day <= publication.built_at
        ),
        heard as (
            select track_id, listened_at from fact_listen_history where user_id = {user_id}
        )
        select
            kind as playlist,
            count(distinct day) as days,
            count(*) as shown,
            count(*) filter (where exists (
                from heard where heard.track_id = listed.track_id and listened_at >= made_at
                    and listened_at < made_at + interval 7 day
            )) as "listened to",
            "listened to" / shown as rate
        from listed
        group by kind
        order by rate desc, kind
        """
    )
    total_heard = sum(row["listened to"] for row in came)
    panels.side_by_side(
        Panel(
            f"{len(lists)} playlists are made for them"
            if lists
            else "No playlist is made for them",
            rows=lists,
            note="The newest day's, each with its first three tracks.",
        ),
        Panel(
            f"{total_heard:,} of the tracks in their playlists were then played"
            if came
            else "It is too early to say what came of their playlists",
            rows=came,
            note="Within 7 days of the playlist's making, where these are over.",
        ),
    )


if __name__ == "__main__":
    app.run()
