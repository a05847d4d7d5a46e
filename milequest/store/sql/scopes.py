"""The access policy (`rules/access.py`) as SQL, one predicate per noun. `$1` is always the viewer's user id, or NULL.

A test compares each predicate with its rule over every combination of roles and settings.
"""

# The ids in $2, for `= ANY`. Their number is hidden: if it knew that, PostgreSQL would plan each time anew, which takes
# longer than most of our statements run.
GIVEN = "((SELECT $2::uuid[])::uuid[])"

_MEMBER = "EXISTS (SELECT FROM team_member m WHERE m.team_id = t.id AND m.user_id = $1 AND m.left_at IS NULL)"
_ADMIN = """EXISTS (SELECT FROM team_member m
    WHERE m.team_id = t.id AND m.user_id = $1 AND m.left_at IS NULL AND m.role = 'ADMIN')"""

# Of `team t`: may_see(CARD).
TEAM_VISIBLE = f"t.deleted_at IS NULL AND (t.is_public OR {_MEMBER})"

# Of `goal g` of `team t`: may_see(GOALS), or may_see(DRAFTS) before it was activated.
GOAL_VISIBLE = f"""t.deleted_at IS NULL
    AND (t.is_public AND $1::uuid IS NOT NULL AND g.activated_at IS NOT NULL OR {_MEMBER})"""

# Of `team t`: may_see(PEOPLE).
PEOPLE_VISIBLE = f"t.deleted_at IS NULL AND {_MEMBER}"

# Of `team t`: may_see(INVITES).
INVITES_VISIBLE = f"t.deleted_at IS NULL AND {_ADMIN}"

# Of `join_request r` to `team t`: may_see(INVITES), or one's own while one sees the team.
REQUEST_VISIBLE = f"({INVITES_VISIBLE} OR r.user_id = $1 AND {TEAM_VISIBLE})"

# Of `app_user u`: the viewer may fetch the card by its id, as their own, or that of a user they share a team with.
CARD_VISIBLE = """u.deleted_at IS NULL AND (u.id = $1 OR EXISTS (
    SELECT FROM team_member mine JOIN team_member theirs USING (team_id)
    WHERE mine.user_id = $1 AND theirs.user_id = u.id AND mine.left_at IS NULL AND theirs.left_at IS NULL))"""


def shown(team: str, user: str) -> str:
    """Return the predicate that a team shows a user by name: not after their removal, until they are in it again.

    Their walks are in no list of it then and they are on no board, though the totals keep the distance.
    """
    return f"""NOT EXISTS (SELECT FROM team_member gone
    WHERE gone.team_id = {team} AND gone.user_id = {user} AND gone.left_reason = 'REMOVED' AND NOT EXISTS (
        SELECT FROM team_member back WHERE back.team_id = gone.team_id AND back.user_id = gone.user_id
            AND (back.joined_at, back.id) > (gone.joined_at, gone.id)))"""
