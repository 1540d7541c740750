"""The three endpoints out of memory, so fast that no contender ever waits for the server.

`/{sessions}/{table}` serves the first so many sessions in pages of any size. A record is rendered
once, at the start; a page is a slice of the text. Run: `python -m bench.days.page_server SESSIONS`;
prints its port when ready and ends with its stdin.
"""

import asyncio
import random
import sys
from array import array
from datetime import datetime, timedelta
from urllib.parse import parse_qs, urlsplit

PEOPLE = 1_000


class Rendered:
    """Records as JSON text behind one another; `ends` says where each stops."""

    def __init__(self, records: list[str]) -> None:
        self.ends = array("q", [0])
        for record in records:
            self.ends.append(self.ends[-1] + len(record) + 1)
        self.text = memoryview((",".join(records) + ",").encode("ascii"))

    def page(self, page: int, size: int, total: int) -> bytes:
        """The envelope with its slice of the records."""
        first, last = min((page - 1) * size, total), min(page * size, total)
        items = bytes(self.text[self.ends[first] : max(self.ends[last] - 1, self.ends[first])])
        counts = f'"total":{total},"page":{page},"size":{size},"pages":{-(-total // size)}'
        return b'{"items":[' + items + b"]," + counts.encode() + b"}"


class Pages(asyncio.Protocol):
    """HTTP/1.1 as far as a client of pages needs it: GET, keep-alive, content-length."""

    tables: dict[str, Rendered]
    transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the connection."""
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.waiting = b""

    def data_received(self, data: bytes) -> None:
        """Answer every whole request."""
        self.waiting += data
        while b"\r\n\r\n" in self.waiting:
            head, self.waiting = self.waiting.split(b"\r\n\r\n", 1)
            body = self.answer(head.split(b" ", 2)[1].decode())
            status = b"200 OK" if body else b"404 Not Found"
            length = str(len(body)).encode()
            self.transport.write(
                b"HTTP/1.1 "
                + status
                + b"\r\ncontent-type: application/json\r\ncontent-length: "
                + length
                + b"\r\n\r\n"
                + body
            )

    def answer(self, target: str) -> bytes:
        """The page, or nothing."""
        url = urlsplit(target)
        sessions, _, name = url.path.strip("/").partition("/")
        if name not in self.tables:
            return b""
        query = parse_qs(url.query)
        total = int(sessions) if name == "listen_history" else PEOPLE
        page, size = (int(query.get(key, ["100"])[0]) for key in ("page", "size"))
        return self.tables[name].page(page, size, total)


def render(sessions: int) -> dict[str, Rendered]:
    """Records as the original API sends them: about five listens to a session."""
    draw = random.Random(1)
    begin = datetime(2026, 1, 1)

    def times() -> str:
        created = begin + timedelta(microseconds=draw.randrange(10**13))
        updated = created + timedelta(seconds=draw.randrange(86_400))
        return f'"created_at":"{created.isoformat()}","updated_at":"{updated.isoformat()}"'

    def session() -> str:
        items = ",".join(str(draw.randrange(PEOPLE)) for _ in range(draw.randint(1, 9)))
        return f'{{"user_id":{draw.randrange(PEOPLE)},"items":[{items}],{times()}}}'

    def named(number: int, *names: str) -> str:
        texts = ",".join(f'"{name}":"{name} of {number}"' for name in names)
        return f'{{"id":{number},{texts},{times()}}}'

    track = ("name", "artist", "songwriters", "duration", "genres", "album")
    user = ("first_name", "last_name", "email", "gender", "favorite_genres")
    return {
        "tracks": Rendered([named(number, *track) for number in range(PEOPLE)]),
        "users": Rendered([named(number, *user) for number in range(PEOPLE)]),
        "listen_history": Rendered([session() for _ in range(sessions)]),
    }


async def serve() -> None:
    """Serve until stdin ends."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Pages, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    server.close()


if __name__ == "__main__":
    Pages.tables = render(int(sys.argv[1]))
    asyncio.run(serve())
