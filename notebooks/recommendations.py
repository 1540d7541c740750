import marimo

app = marimo.App(width="full", app_title="Recommendations", css_file="pages.css")

with app.setup:
    import marimo as mo

    from orchestration.explore import panels, published
    from orchestration.explore.charts import bar_charts, interval_charts
    from orchestration.explore.panels import Panel

    WINDOWS = {"1 day": 1, "7 days": 7, "28 days": 28}
    COUNTS = {"for the first time": "first", "again": "again"}


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
    mo.stop(marts is None, panels.Header("recommendations"))
    panels.Header("recommendations", marts)
    return (marts,)


@app.cell
def _():
    window = mo.ui.dropdown(list(WINDOWS), value="7 days", label="Listened to within")
    panels.controls(window)
    return (window,)


@app.cell
def _(marts, window):
    mo.stop(not marts.has("recommendation_rates"), mo.md("No recommendation is published yet."))
    days = WINDOWS[window.value]
    # An experiment's arms have rows of their own in marts that know of them.
    arm = "arm is null" if marts.has("recommendation_rates", "arm") else "true"
    rates = marts.rows(
        f"""
        select *, replace(kind, '_', ' ') || if(counts = 'again', ', again', '') as list
        from recommendation_rates
        where within_days = {days} and {arm}
        order by rate desc, kind
        """
    )
    return days, rates


@app.cell
def _(days, rates, window):
    newest = max((row["model_version"] for row in rates), default=None)
    by_kind = [
        row
        for row in rates
        if row["strategy"] is None and row["ranks"] is None and row["model_version"] == newest
    ]
    mo.stop(
        not by_kind,
        panels.side_by_side(
            Panel(
                f"No list is {days} days old yet: its outcome is not known",
                note=f"A rate counts once a load came {window.value} after the lists were made.",
            )
        ),
    )
    by_rank = sorted(
        (
            row | {"places": f"place {row['ranks']}".replace("place 0", "place ")}
            for row in rates
            if row["ranks"] and row["kind"] == "recommendations" and row["model_version"] == newest
        ),
        key=lambda row: (row["counts"], row["ranks"]),
    )
    first_places = [row for row in by_rank if row["counts"] == "first"] or by_rank
    best = by_kind[0]
    parts = [
        Panel(
            f"Of {best['list']}, {best['rate']:.1%} of tracks were played within {window.value}",
            interval_charts.intervals(by_kind, "list", "rate", "rate_low", "rate_high"),
            note=f"Model version {newest}: share of the tracks shown that were then listened to."
            " “Again” counts tracks known before, all others a first listen. Lines: 95 % interval.",
        )
    ]
    if first_places:
        top, bottom = first_places[0], first_places[-1]
        parts.append(
            Panel(
                f"Place {top['ranks'].lstrip('0')} is played {top['rate']:.1%} of the time,"
                f" places {bottom['ranks'].lstrip('0')} {bottom['rate']:.1%}",
                interval_charts.intervals(first_places, "places", "rate", "rate_low", "rate_high"),
                note="Recommendations by their place in the list.",
            )
        )
    panels.side_by_side(*parts)


@app.cell
def _(rates):
    versions = sorted(
        (
            row | {"version": f"version {row['model_version']}"}
            for row in rates
            if row["strategy"] is None and row["ranks"] is None and row["kind"] == "discover"
        ),
        key=lambda row: row["model_version"],
    )
    played = [row for row in rates if row["strategy"] and row["kind"] == "recommendations"]
    parts_of_models = []
    if versions:
        leading = max(versions, key=lambda row: row["rate"])
        parts_of_models.append(
            Panel(
                f"Of {len(versions)} models, {leading['version']} has the highest rate"
                if len(versions) > 1
                else f"One model so far: {leading['rate']:.1%} of Discover was played",
                interval_charts.intervals(versions, "version", "rate", "rate_low", "rate_high"),
                note="Playlists “Discover” by model. The interval is no test of a difference:"
                " evaluations compare users.",
            )
        )
    if played:
        parts_of_models.append(
            Panel(
                f"“{played[0]['strategy']}” is the strategy that is played most",
                interval_charts.intervals(
                    [
                        row | {"strategy": f"{row['strategy']} · version {row['model_version']}"}
                        for row in played
                    ],
                    "strategy",
                    "rate",
                    "rate_low",
                    "rate_high",
                ),
                note="Recommendations by what recommends them.",
            )
        )
    mo.stop(not parts_of_models)
    panels.side_by_side(*parts_of_models)


@app.cell
def _(marts):
    mo.stop(not marts.has("recommendations"))
    reach = marts.row(
        """
        with shown as (select track_id, count(*) as lists from recommendations group by track_id)
        select
            (select count(*) from dim_tracks where not is_inferred) as tracks,
            count(*) as recommended,
            coalesce(sum(lists), 0) as places,
            coalesce(sum(lists) filter (where rank <= 100), 0) as popular,
            (select count(distinct user_id) from recommendations) as users
        from shown left join popular_tracks using (track_id)
        """
    )
    mo.stop(not reach["places"])
    step = max(1, reach["users"] // 50_000)  # a sample is enough for a share
    known = marts.row(
        f"""
        with pairs as (
            select user_id, track_id from recommendations where user_id % {step} = 0
        ),
        heard as (
            select distinct user_id, track_id from fact_listen_history where user_id % {step} = 0
        )
        select
            count(*) as places,
            count(*) filter (where heard.user_id is null) as unheard
        from pairs left join heard using (user_id, track_id)
        """
    )
    novelty = known["unheard"] / known["places"] if known["places"] else None
    popular = reach["popular"] / reach["places"]
    strategies = marts.rows(
        """
        select strategy, count(*) / sum(count(*)) over () as share
        from recommendations group by strategy order by share desc
        """
    )
    coverage = reach["recommended"] / reach["tracks"]
    panels.side_by_side(
        Panel(
            f"{coverage:.0%} of all tracks are recommended to somebody",
            bar_charts.ranked(
                [
                    {
                        "what": "tracks recommended to somebody",
                        "share": coverage,
                    },
                    {"what": "places given to the 100 most popular tracks", "share": popular},
                    *(
                        [{"what": "places given to tracks the user never heard", "share": novelty}]
                        if novelty is not None
                        else []
                    ),
                ],
                "what",
                "share",
                share=True,
            ),
            note=f"Coverage, popularity and novelty of the newest lists of {reach['users']:,} users"
            + (f"; novelty of one user in {step}." if step > 1 else "."),
        ),
        Panel(
            f"“{strategies[0]['strategy']}” fills {strategies[0]['share']:.0%} of the places",
            bar_charts.ranked(strategies, "strategy", "share", share=True),
            note="Places in the newest lists by what recommends the track.",
        ),
    )


@app.cell
def _(marts):
    mo.stop(not marts.has("experiment_outcomes"))
    # Each user is one value, so the interval is of users; it is of one look, not of many.
    arms = marts.rows(
        """
        with outcomes as (
            select
                experiment_outcomes.*,
                is_control,
                1.96 * sqrt(variance_of_shares / listed_users) as margin
            from experiment_outcomes
            inner join experiments using (experiment, arm, kind, within_days)
        )
        select
            experiment,
            arm || if(is_control, ' (control)', '') as arm_name,
            kind,
            within_days,
            listed_users,
            mean_share,
            greatest(mean_share - coalesce(margin, 0), 0) as low,
            mean_share + coalesce(margin, 0) as high
        from outcomes
        order by experiment desc, is_control desc, arm
        """
    )
    mo.stop(not arms)
    by_experiment = {}
    for row in arms:
        by_experiment.setdefault(row["experiment"], []).append(row)
    panels_of_arms = []
    for name, them in by_experiment.items():
        ahead = max(them, key=lambda row: row["mean_share"])
        users = sum(row["listed_users"] for row in them)
        lists = them[0]["kind"].replace("_", " ")
        panels_of_arms.append(
            Panel(
                f"{name}: {ahead['arm_name']} is played most",
                interval_charts.intervals(them, "arm_name", "mean_share", "low", "high"),
                note=f"Mean over {users:,} users of the share of their {lists} that they played"
                f" within {ahead['within_days']} days. Whether that is enough to decide,"
                " “moovitamix experiment decide” says.",
            )
        )
    panels.side_by_side(*panels_of_arms)


if __name__ == "__main__":
    app.run()
