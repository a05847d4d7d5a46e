"""The service's own role in a new database, and the extension that only a master may create."""

from asyncpg import connect

IAM_ROLE = "rds_iam"  # its members sign in by a token of AWS instead of a password
STATEMENTS = (
    "GRANT CREATE, CONNECT ON DATABASE {database} TO {role}",
    "CREATE EXTENSION IF NOT EXISTS postgis",
    "GRANT CREATE, USAGE ON SCHEMA public TO {role}",
)


async def ensure_role(url: str, user: str, password: str, role: str) -> bool:
    """Create `role`, which may sign in by token and migrate the database at `url`; return False if it was there.

    `user` is the database's master. What is there already is left, and rights that are missing are granted.
    """
    connection = await connect(url, user=user, password=password)
    try:
        async with connection.transaction():
            is_new = not await connection.fetchval("SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1)", role)
            database = await connection.fetchval("SELECT current_database()")
            names = {"role": _quoted(role), "database": _quoted(database)}
            if is_new:
                await connection.execute(f"CREATE ROLE {names['role']} LOGIN")
                await connection.execute(f"GRANT {IAM_ROLE} TO {names['role']}")
            for statement in STATEMENTS:
                await connection.execute(statement.format(**names))
        return is_new
    finally:
        await connection.close()


def _quoted(name: str) -> str:
    """Return a name as an identifier of SQL."""
    return '"' + name.replace('"', '""') + '"'
