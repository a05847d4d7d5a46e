"""The metadata of all tables, with names for constraints for use in migrations."""

from enum import StrEnum

from sqlalchemy import CheckConstraint, Column, DateTime, MetaData, Uuid, text

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def one_of(column: str, kind: type[StrEnum]) -> CheckConstraint:
    """Allow only the members of `kind`. TEXT + CHECK: a PostgreSQL enum costs asyncpg a look-up per connection."""
    members = ", ".join(f"'{member.value}'" for member in kind)
    return CheckConstraint(f"{column} IN ({members})", name=column)


def instant(name: str, *, nullable: bool = False) -> Column[object]:
    """Return a column of UTC instants. Actions provide them: no column reads the database's clock."""
    return Column(name, DateTime(timezone=True), nullable=nullable)


def primary_key() -> Column[object]:
    """Return the column `id`, a UUIDv7 made in Python."""
    return Column("id", Uuid, primary_key=True)


def zero(name: str, column_type: type) -> Column[object]:
    """Return a column of a counter or sum that starts at 0."""
    return Column(name, column_type, nullable=False, server_default=text("0"))
