"""Workloads: every kind of innocent use, and of work that looks guilty and is not.

What each kind shares with a campaign is the point of having it. The numbers in the comments are those of the
look-alikes: L1 evaluation, L2 labelling, L3 batch work, L4 translation, L5 a product, L6 a popular client, L7 CI, L8
one egress, L9 failover, L10 permitted training data, L11 research, L12 audit, L13 a class, L14 a new key, L15 a prompt
that goes round, L16 a stolen key, L17 a habit.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Workload:
    """One innocent kind.

    Attributes:
        members: fewest and most accounts of one instance.
        requests: of an account in ten days, on average.
        apart: each instance has hours, a work list and a topic of its own.
        public: length of a list that unrelated instances share, out of a few.
        borrows: has no accounts of its own but uses people's.
    """

    kind: str
    user: str = "ask"
    requests: float = 14.0
    members: tuple[int, int] = (1, 1)
    follow: str = "follow"
    answer: str = "answer"
    system: str | None = None
    turns: float = 0.0
    conversations: bool = False
    hours: str = "human"
    thinned: bool = True
    apart: bool = False
    public: int = 0
    repeats: int = 1
    route: str = "weighted"
    voice: str = "account"
    topics: str = "account"
    client: str = "browser"
    address: str = "own"
    plan: str = "person"
    card: str = "own"
    organized: bool = False
    new: bool = False
    temperature: float | None = None
    max_tokens: int = 0
    limited: float = 0.01
    broken: float = 0.005
    refused: float = 0.0
    switch: float = 0.0
    borrows: int = 0  # this many people's accounts; -1: all of them


def _person(kind: str, **more: object) -> Workload:
    return Workload(kind, turns=0.9, conversations=True, **more)  # type: ignore[arg-type]  # only known names are given below


def _firm(kind: str, user: str, **more: object) -> Workload:
    given = {
        "client": "sdk",
        "plan": "firm",
        "card": "group",
        "organized": True,
        "apart": True,
        "thinned": False,
        "address": "host",
    }
    return Workload(kind, user, **{**given, **more})  # type: ignore[arg-type]


WORKLOADS: dict[str, Workload] = {
    "people": _person("person"),
    "newcomers": _person("new_person", new=True, requests=10.0),
    "habits": _person("habit", user="habit_ask"),  # L17: asks for reasoning, out of habit
    "households": _person("household", members=(2, 5), card="group"),
    "companies": _person(
        "colleague", user="house_ask", members=(4, 14), address="office", card="group", organized=True, plan="firm"
    ),  # L8
    "agent_users": Workload(  # L6
        "agent_user",
        "agent_turn",
        40.0,
        follow="agent_follow",
        system="agent_system",
        turns=2.0,
        conversations=True,
        client="agent",
        plan="developer",
    ),
    "extension_users": Workload("extension_user", "extension_ask", 16.0, client="browser"),  # L6
    "scripts": Workload("script", "script_ask", 45.0, answer="answer", client="sdk", plan="developer", address="host"),
    "apps": Workload(  # L5
        "app",
        "customer",
        500.0,
        follow="customer_follow",
        system="app_system",
        turns=1.2,
        conversations=True,
        thinned=False,
        voice="unit",
        client="sdk",
        plan="firm",
        organized=True,
        address="host",
        apart=True,
    ),
    "resellers": _firm(  # L8: declared, one egress, everybody's words
        "reseller",
        "ask",
        requests=90.0,
        members=(15, 40),
        turns=0.8,
        conversations=True,
        voice="unit",
        topics="anyone",
        address="office",
        hours="human",
    ),
    "benchmarks": _firm(  # L1: the items of a public list, by teams that do not know each other
        "benchmark",
        "bench",
        requests=130.0,
        members=(1, 5),
        public=300,
        answer="short_answer",
        hours="burst",
        route="round_robin",
        temperature=0.0,
    ),
    "passk": _firm(  # L1: one problem twenty times
        "passk",
        "passk",
        requests=250.0,
        members=(1, 3),
        public=60,
        repeats=20,
        hours="launch",
        route="round_robin",
        temperature=0.7,
        max_tokens=512,
    ),
    "labelling": _firm(
        "labelling", "classify", requests=350.0, members=(1, 2), answer="short_answer", hours="burst", temperature=0.0
    ),  # L2
    "moderation": _firm(
        "moderation", "moderate", requests=350.0, answer="short_answer", hours="flat", temperature=0.0
    ),  # L2
    "judging": _firm(
        "judging", "judge", requests=250.0, members=(1, 3), answer="short_answer", hours="burst", temperature=0.0
    ),  # L2
    "rag": _firm("rag", "rag", requests=180.0, answer="answer", hours="office"),  # L3
    "summaries": _firm(
        "summaries", "summarise", requests=200.0, members=(1, 2), answer="long_answer", hours="nightly"
    ),  # L3
    "extraction": _firm(
        "extraction", "extract", requests=300.0, members=(1, 2), answer="short_answer", hours="nightly", limited=0.05
    ),  # L3
    "translation": _firm(
        "translation", "translate", requests=220.0, answer="long_answer", hours="office", temperature=0.2
    ),  # L4
    "reviews": _firm("review", "review", requests=150.0, members=(1, 4), hours="commits", route="sticky"),
    "ci": _firm(
        "ci", "agent_turn", requests=200.0, system="agent_system", hours="commits", address="cloud", client="agent"
    ),  # L7
    "macros": _firm(
        "macro",
        "macro",
        requests=60.0,
        members=(3, 9),
        address="office",
        hours="office",
        client="browser",
        route="random",
    ),
    "synthetic": _firm(
        "synthetic", "synthetic", requests=400.0, members=(1, 2), answer="long_answer", hours="flat", max_tokens=2048
    ),  # L10
    "audits": _firm("audit", "audit", requests=200.0, answer="long_answer", hours="office"),  # L12
    "researchers": _firm(  # L11
        "researcher",
        "redteam",
        requests=90.0,
        members=(2, 6),
        refused=0.45,
        hours="office",
        address="office",
        topics="anyone",
        plan="education",
    ),
    "classes": _firm(  # L13: many new accounts, one task, one network, one afternoon
        "student",
        "assignment_ask",
        requests=7.0,
        members=(24, 36),
        turns=0.5,
        conversations=True,
        hours="lesson",
        client="browser",
        address="office",
        card="none",
        plan="education",
        route="random",
    ),
    "migrations": _firm("migration", "script_ask", requests=120.0, members=(2, 2), hours="office", thinned=True),  # L14
    "failover": Workload(
        "failover", "script_ask", 160.0, client="sdk", plan="developer", broken=0.06, switch=0.9, address="host"
    ),  # L9
    "viral": Workload("viral", "viral_ask", 0.35, hours="decay", borrows=-1, apart=True),  # L15
    "stolen": Workload(
        "stolen_key",
        "roleplay",
        60.0,
        hours="burst",
        borrows=1,
        apart=True,
        thinned=False,
        address="pool",
        topics="anyone",
    ),  # L16
}
