"""A real redis-server of the test's own, which can be killed, paused and started again empty."""

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from redis import Redis
from redis.exceptions import RedisError

SERVER = shutil.which("redis-server") or shutil.which("valkey-server")


class Server:
    """A server on a free port, which keeps nothing on disk."""

    def __init__(self, folder: Path, *options: str, password: str = ""):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.folder, self.options, self.password = folder, options, password
        if password:
            self.options += ("--requirepass", password)
        self.address = (
            f"redis://:{password}@127.0.0.1:{self.port}/0" if password else f"redis://127.0.0.1:{self.port}/0"
        )
        self.start()

    def start(self) -> None:
        command = [SERVER, "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--dir", str(self.folder)]
        self.process = subprocess.Popen([*command, *self.options], stdout=subprocess.DEVNULL)
        self.client = Redis(port=self.port, password=self.password or None)
        for _ in range(200):
            try:
                self.client.ping()
            except RedisError:
                time.sleep(0.05)
            else:
                return
        raise AssertionError("redis-server does not start")

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()
        self.client.close()

    def pause(self) -> None:
        os.kill(self.process.pid, signal.SIGSTOP)

    def go_on(self) -> None:
        os.kill(self.process.pid, signal.SIGCONT)

    def calls(self) -> dict[str, int]:
        """How often each command was called since the start."""
        return {name.removeprefix("cmdstat_"): s["calls"] for name, s in self.client.info("commandstats").items()}


@pytest.fixture
def server_of(tmp_path) -> Iterator[Callable[..., Server]]:
    if SERVER is None:
        pytest.skip("redis-server is not installed")
    servers = []

    def start(*options: str, password: str = "") -> Server:
        servers.append(Server(tmp_path, *options, password=password))
        return servers[-1]

    yield start
    for server in servers:
        server.kill()


@pytest.fixture
def server(server_of):
    return server_of()
