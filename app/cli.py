"""`bin/milequest COMMAND`. Each command is a small function, which imports its dependencies when it runs."""

import argparse
import asyncio
import os
import sys
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from importlib import import_module
from pathlib import Path

from app import embedded, logs, migrations, preflight, telemetry
from app.environment import SetupError, step
from app.serve import interruptible, listen, open_many, serve
from milequest.rules.errors import QuestError
from milequest.settings import Settings, SettingsError, load

Command = Callable[[Settings, argparse.Namespace], None]


def run(settings: Settings, arguments: argparse.Namespace) -> None:
    """Start everything and serve until Ctrl-C."""
    logs.configure(settings.log_level)
    preflight.find_authorizer(settings)
    telemetry.check(settings)
    with ExitStack() as stack:
        listener = stack.enter_context(listen(settings.host, settings.port))
        settings = replace(settings, port=listener.getsockname()[1])
        settings = stack.enter_context(
            embedded.running(settings, f"milequest run, process {os.getpid()}, {settings.origin}")
        )
        migrations.prepare(settings)
        preflight.require_provider(settings)
        with step("The service"):
            from app import bundle, data_commands, demo, keys
            from app.asgi import create_app

            open_many()
            application = create_app(settings, demo.accounts() if demo.is_demo_server(settings) else ())
        keys.prepare(settings)
        stack.enter_context(bundle.building())
        beside = (lambda: data_commands.alive(application.state.runtime)) if demo.is_demo_server(settings) else None
        try:
            announce, drain = partial(_announce, settings), application.state.drain
            serve(
                application,
                listener,
                announce,
                beside,
                drain,
                settings.trusted_proxies,
                settings.sockets_per_network,
                application.state.process_quota,
            )
        except KeyboardInterrupt:
            print("\nStopping …", flush=True)


def migrate(settings: Settings, arguments: argparse.Namespace) -> None:
    """Bring the database to the newest schema."""
    from milequest.store.sql import migrate

    with embedded.running(settings, "milequest migrate", join=True) as reached:
        before = migrations.revision(reached)
        migrations.upgrade(reached)
        print(f"The database was at {before or 'nothing'}, now it is at {migrate.head()}.")


def migration(settings: Settings, arguments: argparse.Namespace) -> None:
    """Write a new migration from the difference between the tables and the migrations so far."""
    from milequest.store.sql import migrate

    with tempfile.TemporaryDirectory() as folder:
        server = embedded.postgres(Path(folder), fast=True)
        try:
            server.start()
            server.ensure_database()
            migrate.upgrade(server.url())
            migrate.create(arguments.message, server.url())
        finally:
            embedded.reset(Path(folder))


def failover(settings: Settings, arguments: argparse.Namespace) -> None:
    """Promote the standby at MILEQUEST_DATABASE_URL, and begin a new epoch of the log."""
    from asyncpg import PostgresError

    from milequest.store.sql.failover import NotPromotedError, take_over

    if not settings.database_url:
        raise SetupError("a failover is to a database of yours: set MILEQUEST_DATABASE_URL to the standby's")
    try:
        done = asyncio.run(take_over(settings, planned=arguments.planned))
    except NotPromotedError as error:
        raise SetupError(f"{error}: fence the primary first, or there would be two; nothing has changed") from None
    except (OSError, PostgresError) as error:
        raise SetupError(f"the failover failed ({type(error).__name__}: {error})") from None
    if done.until:
        print(f"Promoted. Every commit until {done.until.isoformat()} is here.")
    print(f"The log is in epoch {done.epoch}.")


def compare(settings: Settings, arguments: argparse.Namespace) -> None:
    """Compare the database at MILEQUEST_DATABASE_URL with another one, such as a restored copy; 1 if they differ."""
    from asyncpg import PostgresError

    from app.comparison_report import report
    from milequest.store.sql.comparison import compare as compared

    if not settings.database_url:
        raise SetupError("what is compared is a database of yours: set MILEQUEST_DATABASE_URL")
    try:
        found = asyncio.run(compared(settings, arguments.other))
    except (OSError, PostgresError) as error:
        raise SetupError(f"a database cannot be read ({type(error).__name__}: {error})") from None
    print("\n".join(report(found)))
    if not found.is_same:
        raise SetupError("they differ")


def reset(settings: Settings, arguments: argparse.Namespace) -> None:
    """Delete the embedded servers' data. Other databases are never touched."""
    if settings.database_url:
        raise SetupError(
            "reset clears only the embedded servers' data, and MILEQUEST_DATABASE_URL is set: unset it first"
        )
    embedded.refuse_reset(settings.data_dir)
    if not arguments.yes:
        if not sys.stdin.isatty():
            raise SetupError("reset asks before it deletes, and there is nobody to ask: add --yes")
        if input(f"Delete all data in {settings.data_dir}? [y/N] ").strip().lower() not in ("y", "yes"):
            raise SetupError("nothing was deleted")
    embedded.reset(settings.data_dir)
    print(f"The data in {settings.data_dir} is gone; the next start makes it anew.")


def token(settings: Settings, arguments: argparse.Namespace) -> None:
    """Print an access token, valid for an hour, for the account with this address."""
    from app.accounts import token_for
    from milequest.runtime import open_runtime

    async def make(reached: Settings) -> str:
        async with open_runtime(reached) as runtime:
            return await token_for(runtime, arguments.email, datetime.now(UTC))

    with embedded.running(settings, "milequest token", join=True) as reached:
        migrations.prepare(reached)
        print(asyncio.run(make(reached)))


def probe(settings: Settings, arguments: argparse.Namespace) -> None:
    """Sign in at a server, log a walk, hear of it and delete it, as MILEQUEST_PROBE_EMAIL."""
    from app.synthetic_client import StepFailed, Target
    from app.synthetic_client import probe as run_client

    url = arguments.url.rstrip("/")
    sockets = tuple(arguments.socket) or (f"ws{url.removeprefix('http')}/graphql",)
    if not (settings.probe_email and settings.probe_password):
        raise SetupError("who signs in? Set MILEQUEST_PROBE_EMAIL and MILEQUEST_PROBE_PASSWORD")
    try:
        target = Target(url, sockets, settings.probe_email, settings.probe_password)
        found = asyncio.run(run_client(target))
    except StepFailed as failure:
        raise SetupError(f"a client is not served: {failure}") from None
    print(f"Served: all in {found.duration_ms:.0f} ms, the walk was heard after {found.heard_ms:.0f} ms.")


def schema(settings: Settings, arguments: argparse.Namespace) -> None:
    """Print the GraphQL schema."""
    from schema.appsync.printed import printed as printed_for_appsync
    from schema.appsync.printed import resolved
    from schema.build import build, printed

    if arguments.appsync_fields:
        print("\n".join(resolved(build()._schema)))
    else:
        sys.stdout.write(printed_for_appsync(build()._schema) if arguments.appsync else printed())


def _announce(settings: Settings) -> None:
    print(
        f"\nMile Quest serves on {settings.origin}\n"
        f"  GraphiQL   {settings.origin}/graphql\n"
        f"  Health     {settings.origin}/readyz\n"
        f"{_sign_in(settings)}"
        f"Ctrl-C stops it{'; the data stays in ' + str(settings.data_dir) if settings.embedded else ''}.",
        flush=True,
    )


def _sign_in(settings: Settings) -> str:
    """Return how people sign in, if not only by accounts of the service itself."""
    from app import demo
    from app.http import mail_page

    if settings.jwks_url:
        return "  Sign in    with a token of the issuer of MILEQUEST_JWKS_URL; there is no demo\n"
    names = ", ".join(account.email for account in demo.accounts()[:3])
    shown = f"  Mail       {settings.origin}/dev/mail\n" if mail_page.is_served(settings) else ""
    return shown + (f"  Sign in as {names} with the password {demo.PASSWORD}\n" if settings.embedded else "")


def parser() -> argparse.ArgumentParser:
    """Return the parser of all commands and their arguments."""
    top = argparse.ArgumentParser(prog="milequest", description="Mile Quest's commands.")
    commands = top.add_subparsers(required=True, metavar="COMMAND")

    def add(name: str, function: Command, does: str | None = None) -> argparse.ArgumentParser:
        does = does or function.__doc__
        command = commands.add_parser(name, help=does, description=does)
        command.set_defaults(function=function)
        return command

    add("run", run)
    add("migrate", migrate)
    add(
        "role",
        _lazy_command("service_role", "make"),
        "Make the service's own role in the database, as the master whom MILEQUEST_DATABASE_URL names.",
    ).add_argument("name", metavar="ROLE", help="its name; it signs in by a token of AWS")
    add("migration", migration).add_argument("message", help="what it does, in a few words")
    planned = "nothing is lost, as the primary was stopped cleanly: the epoch of the log stays"
    add("failover", failover).add_argument("--planned", action="store_true", help=planned)
    add("compare", compare).add_argument("other", metavar="URL", help="of the other database")
    add(
        "rotate-keys",
        _lazy_command("keys", "rotate"),
        "Sign tokens with a new key; the previous one is deleted once its tokens have expired.",
    )
    add("reset", reset).add_argument("--yes", action="store_true", help="do not ask")
    add("token", token).add_argument("email", metavar="EMAIL")
    of_probe = add("probe", probe)
    of_probe.add_argument("url", metavar="URL", help="of the server: https://api.example.org")
    where = "address of a WebSocket to listen at, any number of times; without it that of the server itself"
    of_probe.add_argument("--socket", metavar="URL", action="append", default=[], help=where)
    of_schema = add("schema", schema)
    of_schema.add_argument("--appsync", action="store_true", help="as AWS AppSync takes it")
    of_schema.add_argument("--appsync-fields", action="store_true", help="the fields that need a resolver there")
    add(
        "demo",
        _lazy_command("data_commands", "demo"),
        "Load the demo: teams, people, ninety days of walks; existing data stays.",
    )
    walks = add(
        "import-walks",
        _lazy_command("data_commands", "import_walks"),
        "Log a file of Fitbit's daily totals as walks; a second time adds nothing.",
    )
    walks.add_argument("file", metavar="FILE", help="dailyActivity_merged.csv")
    walks.add_argument("--zone", default="UTC", help="IANA zone the days are in (default %(default)s)")
    route = add(
        "import-route",
        _lazy_command("data_commands", "import_route"),
        "Make a draft goal of the track in a GPX file.",
    )
    route.add_argument("file", metavar="FILE")
    route.add_argument("--name", help="the goal's name; the track's own without it")
    for command in (walks, route):
        command.add_argument("--team", default="Imported walkers", help="made if it isn't there (default %(default)s)")
        command.add_argument("--owner", metavar="EMAIL", help="an account that is, or becomes, an ADMIN of the team")
    return top


def _lazy_command(module: str, name: str) -> Command:
    """Return a command that needs most of the product: imported only when it runs."""

    def command(settings: Settings, arguments: argparse.Namespace) -> None:
        getattr(import_module(f"app.{module}"), name)(settings, arguments)

    return command


def main() -> None:
    """Run the command named on the command line; print an expected failure as one line and exit with 1."""
    arguments = parser().parse_args()
    try:
        with interruptible():
            arguments.function(load(os.environ), arguments)
    except SettingsError as error:
        sys.exit("\n".join(f"error: {fault}" for fault in error.faults))
    except (SetupError, QuestError) as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(error.status if isinstance(error, SetupError) else 1)
    except KeyboardInterrupt:
        sys.exit(130)
