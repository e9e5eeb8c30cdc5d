"""ClickHouse behind HTTP, for tests: the real engine (chdb, its library) does all that SQL is; the transport is ours.

    python clickhouse_server.py FOLDER USER PASSWORD        # prints its port

No registry that tests may use has the server itself in a version that streams Arrow. What the engine answers, its
types, its Arrow blocks and its error texts and codes, goes out as it is; users and HTTP statuses are imitated. Each
line of a file `breaks` in the folder is for one stream: the number of bytes after which it is cut, or - for none. What
was asked is kept in `queries.sql`.
"""

import base64
import re
import socket
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pyarrow as pa
from chdb import session

_FORMAT = re.compile(r"\bFORMAT\s+(\w+)\s*;?\s*$", re.IGNORECASE)
_STATUS = {60: 404, 81: 404, 516: 403, 497: 403}
_NOT_SETTINGS = {
    "wait_end_of_query",
    "client_protocol_version",
    "query",
    "database",
    "default_format",
    "query_id",
    "session_id",
    "user",
    "password",
    "client_name",
}


class Chunks:
    """What is written, as chunks of an answer; cut off in the midst of one where that is planned."""

    closed = False

    def __init__(self, handler: "Handler", left: int | None) -> None:
        self._handler, self._left = handler, left

    def write(self, content: bytes) -> int:
        file = self._handler.wfile
        if self._left is not None and len(content) >= self._left:
            file.write(b"%x\r\n%b" % (len(content), bytes(content)[: self._left]))
            file.flush()
            self._handler.connection.shutdown(socket.SHUT_RDWR)
            raise BrokenPipeError
        self._left = None if self._left is None else self._left - len(content)
        if content:
            file.write(b"%x\r\n%b\r\n" % (len(content), bytes(content)))
        return len(content)

    def flush(self) -> None:
        self._handler.wfile.flush()

    def close(self) -> None:
        """Nothing: the connection goes on."""


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    engine: session.Session
    lock = threading.Lock()
    folder: Path
    user = ("", "")

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        options = dict(parse_qsl(urlsplit(self.path).query, keep_blank_values=True))
        if self._credentials() != self.user:
            text = (
                f"Code: 516. DB::Exception: {self._credentials()[0]}: Authentication failed: password is incorrect, or "
                "there is no user with such name. (AUTHENTICATION_FAILED)"
            )
            self._refuse(516, text)
            return
        sql = options.get("query") or body
        found = _FORMAT.search(sql)
        form = found[1] if found else options.get("default_format", "TabSeparated")
        sql = sql[: found.start()] if found else sql
        with self.lock:
            self._answer(sql, form, options)

    do_GET = do_POST  # noqa: N815 - http.server's name

    def _credentials(self) -> tuple[str, str]:
        kind, _, given = (self.headers.get("Authorization") or "").partition(" ")
        if kind == "Basic":
            user, _, password = base64.b64decode(given).decode().partition(":")
            return user, password
        return self.headers.get("X-ClickHouse-User", "default"), self.headers.get("X-ClickHouse-Key", "")

    def _answer(self, sql: str, form: str, options: dict[str, str]) -> None:
        settings = {name: value for name, value in options.items() if name not in _NOT_SETTINGS}
        if settings and sql.lstrip().upper().startswith("SELECT"):
            sql += " SETTINGS " + ", ".join(f"{name} = '{value}'" for name, value in settings.items())
        with (self.folder / "queries.sql").open("a") as log:
            log.write(" ".join(sql.split()) + "\n")
        try:
            self.engine.query(f"USE {options.get('database') or 'default'}")
            if form == "ArrowStream":
                self._stream(sql, form)
            else:
                self._whole(self.engine.query(sql, form).bytes())
        except BrokenPipeError:
            self.close_connection = True
        except Exception as error:  # noqa: BLE001 - whatever the engine says
            code = re.search(r"Code: (\d+)", str(error))
            self._refuse(int(code[1]) if code else 1002, str(error))

    def _stream(self, sql: str, form: str) -> None:
        """One stream of all blocks; the engine gives each as a stream of its own."""
        blocks = iter(self.engine.send_query(sql, form))
        first = next(blocks, None)
        content = first.bytes() if first else self.engine.query(sql, form).bytes()  # no row: still a schema
        head = pa.ipc.open_stream(content)
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        try:
            with pa.ipc.new_stream(pa.PythonFile(Chunks(self, self._cut()), mode="w"), head.schema) as out:
                for batch in head:
                    out.write_batch(batch)
                for block in blocks:
                    for batch in pa.ipc.open_stream(block.bytes()):
                        out.write_batch(batch)
        except BrokenPipeError:
            for _ in blocks:  # the engine has one query at a time
                pass
            raise
        self.wfile.write(b"0\r\n\r\n")

    def _cut(self) -> int | None:
        """After how many bytes this stream is to break: the next line of a file that a test wrote."""
        plan = self.folder / "breaks"
        lines = plan.read_text().split() if plan.exists() else []
        if not lines:
            return None
        plan.write_text("\n".join(lines[1:]))
        return int(lines[0]) if lines[0] != "-" else None

    def _whole(self, content: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _refuse(self, code: int, text: str) -> None:
        content = (text + " (version 26.9.1)\n").encode()
        self.send_response(_STATUS.get(code, 500))
        self.send_header("X-ClickHouse-Exception-Code", str(code))
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Nothing."""


def main() -> None:
    Handler.folder = Path(sys.argv[1])
    Handler.engine = session.Session(str(Handler.folder / "data"))
    Handler.user = (sys.argv[2], sys.argv[3])
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    print(server.server_address[1], flush=True)  # noqa: T201
    server.serve_forever()


if __name__ == "__main__":
    main()
