"""A server that is killed at any moment, while real clients write and read: nothing is lost, nothing repeated."""

import random
import re
import subprocess
import sys
import threading
import time

import httpx2
import pytest
import requests
from taxii2client.v21 import Collection, as_pages

from stillwatch.exchange.store.store import Store
from stillwatch.serving import listen

TAXII = "application/taxii+json;version=2.1"
LIVES = 6


class Mortal:
    """`stillwatch serve exchange` on one port, again and again."""

    def __init__(self, folder):
        self.folder = folder
        with listen("127.0.0.1", 0) as free:
            self.port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"

    def live(self):
        program = [sys.executable, "-m", "stillwatch.cli", "serve", "exchange", "--quiet", "--basic"]
        program += ["--db", "forum.sqlite", "--key", "exchange.pem", "--listen", f"127.0.0.1:{self.port}"]
        self.process = subprocess.Popen(program, cwd=self.folder, stdout=subprocess.PIPE, text=True)
        assert re.search(r"/taxii2/", self.process.stdout.readline())

    def die(self):
        self.process.kill()
        self.process.communicate()


def insisting(act, done):
    """Does it until it is done, however often nobody answers."""
    while not done.is_set():
        try:
            return act()
        except (
            requests.ConnectionError,
            requests.HTTPError,
            httpx2.TransportError,
            requests.exceptions.ChunkedEncodingError,
        ):
            time.sleep(0.05)
    pytest.fail("it did not come to an end")


@pytest.mark.slow
def test_killed_in_the_middle_of_posts(tmp_path, stix, founded, key):
    store = Store.open(str(tmp_path / "forum.sqlite"), create=True)
    secrets, collection = founded(store)
    key.save(tmp_path / "exchange.pem")
    server, sent, seen, over = Mortal(tmp_path), [], [], threading.Event()
    server.live()

    def write(name):
        url = f"{server.url}/alliance/collections/{collection}/"
        with Collection(url, user=name, password=secrets[name]) as opened:
            while not over.is_set():
                objects = [stix() for _ in range(20)]
                status = insisting(lambda: opened.add_objects({"objects": objects}), threading.Event())  # noqa: B023
                assert status.success_count == 20
                sent.extend(each["id"] for each in objects)

    def read():
        after = None
        with httpx2.Client(timeout=10, auth=("reader", secrets["reader"]), headers={"Accept": TAXII}) as client:
            url = f"{server.url}/alliance/collections/{collection}/objects/"
            while True:
                last = over.is_set() and not any(each.is_alive() for each in writers)
                query = {"limit": 50} | ({"added_after": after} if after else {})
                answer = insisting(lambda: client.get(url, params=query), threading.Event())  # noqa: B023
                if answer.status_code == 200:
                    page = answer.json().get("objects", [])
                    seen.extend(each["id"] for each in page)
                    after = answer.headers["x-taxii-date-added-last"]
                    if last and not page:
                        return

    writers = [threading.Thread(target=write, args=(name,)) for name in ("ana", "ben")]
    reader = threading.Thread(target=read)
    for each in (*writers, reader):
        each.start()
    chance = random.Random(3)  # noqa: S311
    for _ in range(LIVES):
        time.sleep(chance.uniform(0.3, 1.2))
        server.die()
        server.live()
    over.set()
    for each in (*writers, reader):
        each.join(timeout=60)
        assert not each.is_alive()

    assert len(seen) == len(set(seen))
    assert sorted(seen) == sorted(sent)
    with Collection(f"{server.url}/alliance/collections/{collection}/", user="ana", password=secrets["ana"]) as opened:
        found = [each["id"] for page in as_pages(opened.get_manifest, per_request=500) for each in page["objects"]]
    assert found == seen
    lines = store.log_size("alliance")
    server.die()
    store.close()
    assert lines == len(sent)
