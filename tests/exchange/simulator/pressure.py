"""More than a member may: requests, objects, connections."""

import select
import socket
import statistics
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

import httpx2
from attendee import Attendee
from forgery import said_by
from forum import Forum
from objects import Object, indicators, tokens
from poison import as_vocabulary, of_words, poisoned
from verdicts import End

from stillwatch.exchange.client.taxii import MEDIA_TYPE
from stillwatch.exchange.server.limits import Limits

LIMITS = Limits()


def flood(forum: Forum, requests: int, batches: int, batch: int) -> End:
    """The others are served meanwhile, one after the other's turn."""
    calm = service(forum, 20)
    with ThreadPoolExecutor(4) as pool:
        reading = [pool.submit(hammer, forum.malicious, requests // 4) for _ in range(4)]
        busy = service(forum, 20)
        answers = [status for each in reading for status in each.result()]
    stored = sum(forum.malicious.publish(noise(forum.malicious, batch)).status_code == 202 for _ in range(batches))
    for member in forum.honest:
        member.pull()
    contained = busy.failed == 0 and set(answers) <= {200, 429}
    stopped = (
        f"{answers.count(429):,} of {len(answers):,} requests answered 429 ({LIMITS.member_burst:,} at once, and "
        f"{LIMITS.member_rate:,.0f} a second in the long run, are a member's right); "
        f"{stored} of {batches} batches of {batch} are within the quota of a day"
    )
    cost = (
        f"requests took {busy.p95:.0f} ms instead of {calm.p95:.0f} (p95), none failed; "
        f"{stored * batch:,} objects more to read"
    )
    return End(contained, stopped, cost)


def slow_bodies(forum: Forum, connections: int) -> End:
    """A member has so many places and no more."""
    calm = service(forum, 20)
    with bodies_that_never_come(forum.malicious, connections) as answered:
        busy, statuses = service(forum, 20), answered()
    places = LIMITS.member_at_work
    contained = busy.failed == 0 and len(statuses) >= connections - places > 0 and set(statuses) == {429}
    stopped = (
        f"{statuses.count(429)} of {connections} answered 429 at once: a member has {places} places, "
        "in which the others wait until their time is up"
    )
    cost = f"requests took {busy.p95:.0f} ms instead of {calm.p95:.0f} (p95), none failed"
    return End(contained, stopped, cost)


@dataclass(frozen=True)
class Service:
    """How honest members were served."""

    p95: float  # milliseconds
    failed: int


def service(forum: Forum, rounds: int) -> Service:
    """Honest members publish and read, one after the other."""
    took, failed = [], 0
    for turn in range(rounds):
        member = forum.honest[turn % 9]
        begun = time.perf_counter()
        failed += member.publish(indicators(said_by(member))[:1]).status_code != 202
        member.taxii.collections(member.taxii.root())
        took.append((time.perf_counter() - begun) * 1000)
    return Service(statistics.quantiles(took, n=20)[-1], failed)


def hammer(member: Attendee, requests: int) -> list[int]:
    """Requests as fast as a connection can."""
    headers = {"Accept": MEDIA_TYPE, "Authorization": member.raw.headers["Authorization"]}
    with httpx2.Client(headers=headers, timeout=60) as http:
        return [http.get(f"{member.places['indicators'].url}objects/?limit=1").status_code for _ in range(requests)]


@contextmanager
def bodies_that_never_come(member: Attendee, count: int) -> Iterator[Callable[[], list[int]]]:
    """Requests whose bodies never come; gives the statuses of those that were answered meanwhile."""
    url = httpx2.URL(f"{member.places['indicators'].url}objects/")
    head = (
        f"POST {url.path} HTTP/1.1\r\nHost: {url.host}\r\nAuthorization: {member.raw.headers['Authorization']}\r\n"
        f"Content-Type: {MEDIA_TYPE}\r\nContent-Length: 100000\r\n\r\n{{"
    )
    open_ones = [socket.create_connection((url.host, url.port or 80)) for _ in range(count)]
    for each in open_ones:
        each.sendall(head.encode())

    def answered() -> list[int]:
        ready, _, _ = select.select(open_ones, [], [], 0)
        return [int(each.recv(64).split(b" ")[1]) for each in ready]

    try:
        time.sleep(0.5)
        yield answered
    finally:
        for each in open_ones:
            each.close()


def noise(member: Attendee, count: int) -> list[Object]:
    """Indicators of nothing."""
    return [as_vocabulary(poisoned(member, of_words(list(tokens(8)), 0.5))) for _ in range(count)]
