"""Search for one user: by id, and where personal data is shown, by name or e-mail."""

from orchestration.explore.published import Published, Row


def find(published: Published, words: str) -> Row | None:
    """Return the user who is meant, with what to call them (`called`); None: nobody is.

    Without words it is the one who listened most in the last 30 days.
    """
    words = words.strip()
    if not words:
        found = published.rows(
            """
            select user_id from fact_listen_history
            where listened_at >= (
                select max(listened_at) - interval 30 day from fact_listen_history
            )
            group by user_id order by count(*) desc, user_id limit 1
            """
        )
        return _named(published, found[0]["user_id"]) if found else None
    if words.isdecimal() and int(words) < 2**31:
        return _named(published, int(words))
    found = published.rows(
        """
        select user_id from dim_users
        where email = ? or first_name || ' ' || last_name ilike ? order by user_id limit 1
        """,
        words,
        f"{words}%",
    )
    return _named(published, found[0]["user_id"]) if found else None


def _named(published: Published, user_id: int) -> Row | None:
    found = published.rows(
        f"""
        select user_id, coalesce(first_name || ' ' || last_name, 'User ' || user_id) as called
        from dim_users where user_id = {user_id}
        """
    )
    return found[0] if found else None
