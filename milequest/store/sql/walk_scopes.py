"""Walks as a team's admins decide about them: predicates of `activity a`, and of `walk_ruling r` on it."""

from milequest.rules.activities import BACKDATE_DAYS

# It stands, and is about the walk and not its notes.
DECIDES = "r.ended_at IS NULL AND r.verdict <> 'NOTES_HIDDEN'"


def notes_for(viewer: str) -> str:
    """Return the notes as a user sees them: not where an admin of a team they are in has hidden them."""
    return f"""CASE WHEN a.notes IS NULL OR a.user_id = {viewer} OR NOT EXISTS (
    SELECT FROM walk_ruling r JOIN team_member m ON m.team_id = r.team_id AND m.user_id = {viewer} AND m.left_at IS NULL
    WHERE r.activity_id = a.id AND r.ended_at IS NULL AND r.verdict = 'NOTES_HIDDEN') THEN a.notes END"""


def awaits_ruling(team: str) -> str:
    """Return the predicate that a walk would count for the team if it weren't FLAGGED, and none decided about it."""
    return f"""(a.count_status = 'FLAGGED' AND a.deleted_at IS NULL AND a.privacy = 'PUBLIC'
    AND a.created_at - a.started_at <= interval '{BACKDATE_DAYS} days'
    AND EXISTS (SELECT FROM team_member stay
        WHERE stay.team_id = {team} AND stay.user_id = a.user_id AND stay.left_reason IS DISTINCT FROM 'REMOVED'
            AND tstzrange(stay.counts_from, stay.left_at) @> a.started_at)
    AND NOT EXISTS (SELECT FROM walk_ruling r
        WHERE r.activity_id = a.id AND r.team_id = {team} AND {DECIDES}))"""


def is_rejected(team: str) -> str:
    """Return the predicate that the team doesn't count the walk by its admins' decision, and they may see it."""
    return f"""(a.deleted_at IS NULL AND a.privacy = 'PUBLIC' AND EXISTS (SELECT FROM walk_ruling r
    WHERE r.activity_id = a.id AND r.team_id = {team} AND r.ended_at IS NULL AND r.verdict = 'REJECTED'))"""
