"""The attacks of attacks.toml, one after the other, while the honest members go on with their work.

    for finding in run(forum): ...
    settled(forum)                       # [] where nothing is wrong afterwards

Each attack says what was attempted, what stopped it and what it cost the others. It was contained if nothing of it
could act anywhere, nobody else's object or word was lost, and the service went on.
"""

import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

import collusion
import forgery
import fork
import poison
import pressure
from forum import Forum
from objects import indicators
from verdicts import End, Finding

SCENARIO = Path(__file__).with_name("attacks.toml")
ATTACKS: dict[str, Callable[..., End]] = {
    each.__name__: each
    for each in (
        *(poison.common_words, poison.huge_lists, poison.one_account, poison.evaluated),
        *(forgery.replay, forgery.widened_marking, forgery.squatted_ids, forgery.squatted_feedback),
        *(forgery.forged_signatures, forgery.forged_retraction, forgery.revoked_elsewhere),
        *(forgery.deleted_and_back, forgery.clock),
        *(pressure.flood, pressure.slow_bodies, collusion.sybils, collusion.confirmed_decoy, fork.forked_log),
    )
}


def run(forum: Forum) -> Iterator[Finding]:
    """Runs the scenario; the honest members go on publishing between the attacks."""
    for described in tomllib.loads(SCENARIO.read_text("utf-8"))["attack"]:
        name, attempted = described.pop("name"), described.pop("attempted")
        business_as_usual(forum)
        end = ATTACKS[name](forum, **described)
        yield Finding(name.replace("_", " "), attempted, end.stopped, end.cost, end.contained)


def settled(forum: Forum) -> list[str]:
    """What is wrong after all: nothing, if the honest mirrors are complete and equal and the server had no fault."""
    wrong, kept = list(forum.faults()), []
    for member in forum.honest:
        wrong += [f"{member.name}: {step}: {problem}" for step, problem in member.sync().problems]
        taken, aside = member.checked()
        kept.append(taken)
        if taken | aside != forum.stored():
            wrong.append(f"{member.name}: its mirror is not what the exchange holds")
    return wrong + ([] if all(each == kept[0] for each in kept) else ["the honest mirrors differ"])


def business_as_usual(forum: Forum) -> None:
    """Two honest members publish, two others find it at home and confirm it, everybody reads."""
    for by, others in ((0, (1, 2)), (3, (4, 5))):
        publisher, visited = forum.honest[by], [forum.honest[n] for n in others]
        objects = forum.campaign(publisher, visited)
        assert publisher.publish(objects).status_code == 202
        for member in visited:
            member.pull()
            for each in indicators(objects):
                if member.traffic.reach(each).accounts:
                    assert member.say(each, "true-positive").status_code == 202
