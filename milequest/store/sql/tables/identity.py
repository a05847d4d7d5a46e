"""Tables of the built-in identity provider: sign-ups that wait for their code, credentials, sessions, signing keys.

The product reads none of them: `user_identity` alone links a credential's `subject` to one of our users, exactly as it
links an outside issuer's. Of passwords, codes and refresh tokens only hashes are stored.
"""

from sqlalchemy import ARRAY, Boolean, Column, ForeignKey, Index, Integer, LargeBinary, Table, Text, Uuid, text

from milequest.rules.enums import Units
from milequest.store.sql.tables.base import instant, metadata, one_of, zero

pending_sign_up = Table(
    "pending_sign_up",
    metadata,
    Column("subject", Uuid, primary_key=True, comment="becomes the credential's, once the code arrives"),
    Column("email", Text, nullable=False),
    Column(
        "email_key", Text, nullable=False, index=True, comment="not unique: each attempt has its own password and code"
    ),
    Column("password_hash", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("timezone", Text, nullable=False),
    Column("preferred_units", Text, nullable=False),
    Column("code_hash", LargeBinary, nullable=False),
    zero("wrong_codes", Integer),
    zero("wrong_codes_without_attempt", Integer),
    Column("attempt_hash", LargeBinary, unique=True, comment="SHA-256 of the attempt's id"),
    Column(
        "is_contested",
        Boolean,
        nullable=False,
        server_default=text("false"),
        comment="whether another password was given for this address meanwhile: then a code needs the attempt's id",
    ),
    instant("code_expires_at"),
    instant("created_at"),
    instant("expires_at"),
    one_of("preferred_units", Units),
)

credential = Table(
    "credential",
    metadata,
    Column("subject", Uuid, primary_key=True),
    Column("email", Text, nullable=False),
    Column(
        "email_key", Text, nullable=False, unique=True, comment="the address as it is compared: trimmed, lower case"
    ),
    Column("password_hash", Text, nullable=False, comment="argon2id"),
    Column("name", Text, nullable=False),
    Column("timezone", Text, nullable=False),
    Column("preferred_units", Text, nullable=False),
    Column("groups", ARRAY(Text), nullable=False, server_default=text("'{}'"), comment="as `cognito:groups`"),
    instant("created_at"),
    instant("updated_at"),
    one_of("preferred_units", Units),
)

sign_in_session = Table(
    "sign_in_session",
    metadata,
    Column("id", Uuid, primary_key=True, comment="the family of one sign-in's refresh tokens"),
    Column("subject", Uuid, ForeignKey("credential.subject", ondelete="CASCADE"), nullable=False, index=True),
    instant("signed_in_at"),
    instant("expires_at"),
    instant("revoked_at", nullable=True),
    instant("last_used_at", nullable=True),
    Column("device", Text, comment="what it was begun with, as its owner knows it again"),
    Column("network", Text, comment="where from, coarsely"),
    Column(
        "secret",
        LargeBinary,
        nullable=False,
        server_default=text("uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())"),
        comment="with a refresh token it makes the next one: of a database alone nobody can",
    ),
)

refresh_token = Table(
    "refresh_token",
    metadata,
    Column("token_hash", LargeBinary, primary_key=True, comment="SHA-256 of 256 random bits"),
    Column("session_id", Uuid, ForeignKey("sign_in_session.id", ondelete="CASCADE"), nullable=False, index=True),
    instant("issued_at"),
    instant("expires_at"),
    instant("used_at", nullable=True),
)

signing_key = Table(
    "signing_key",
    metadata,
    Column("kid", Text, primary_key=True, comment="the public key's JWK thumbprint (RFC 7638)"),
    Column("algorithm", Text, nullable=False),
    Column("private_key", LargeBinary, nullable=False, comment="PKCS #8, DER"),
    instant("created_at"),
    instant("retired_at", nullable=True),
)
Index(
    "uq_signing_key_in_use",
    signing_key.c.algorithm,
    unique=True,
    postgresql_where=text("retired_at IS NULL"),
)

password_reset = Table(
    "password_reset",
    metadata,
    Column("request_hash", LargeBinary, primary_key=True, comment="SHA-256 of the request's id"),
    Column("subject", Uuid, ForeignKey("credential.subject", ondelete="CASCADE"), index=True, comment="null: nobody's"),
    Column("email_key", Text, nullable=False),
    Column("code_hash", LargeBinary, nullable=False, comment="keyed by the request's id, which is not stored"),
    zero("wrong_codes", Integer),
    instant("created_at"),
    instant("expires_at"),
)

address_change = Table(
    "address_change",
    metadata,
    Column(
        "subject",
        Uuid,
        ForeignKey("credential.subject", ondelete="CASCADE"),
        primary_key=True,
        comment="the latest alone",
    ),
    Column("request_hash", LargeBinary, nullable=False, comment="SHA-256 of the request's id"),
    Column("email", Text, nullable=False, comment="the new address"),
    Column("email_key", Text, nullable=False),
    Column("old_code_hash", LargeBinary, nullable=False, comment="keyed by the request's id, which is not stored"),
    Column("new_code_hash", LargeBinary, nullable=False),
    zero("wrong_codes", Integer),
    instant("created_at"),
    instant("expires_at"),
)
