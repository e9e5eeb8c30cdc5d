"""An exchange that shows two members two histories."""

from attendee import Attendee
from forgery import said_by
from forum import ROOT, Forum
from verdicts import End

from stillwatch.errors import TrustError
from stillwatch.exchange.log import checkpoints
from stillwatch.signing import from_base64


def forked_log(forum: Forum) -> End:
    """Each member is a witness: what one has seen signed does not grow into what another is shown."""
    one, other = forum.honest[:2]
    copy = forum.forked()
    assert one.publish(said_by(one)).status_code == 202
    assert one.sync().cosigned
    seen = head(forum, one)
    forum.stop()
    forum.start(copy)  # the same address and key, with another history
    for _ in range(2):
        assert other.publish(said_by(other)).status_code == 202
    shown = head(forum, other)
    caught = [rewritten(forum, other, seen, shown), refused_sync(one)]
    forum.stop()
    forum.start(forum.database)
    sizes = [checkpoints.Checkpoint.parse(note.split("\n\n")[0] + "\n").size for note in (seen, shown)]
    says = f"two members hold signed heads of {sizes[0]} and {sizes[1]} entries: {caught[0]} One's sync: {caught[1]}"
    cost = "trust in the operator: two heads under one signature prove the fork to anybody"
    return End(all(caught) and not one.sync().problems, says, cost)


def head(forum: Forum, member: Attendee) -> str:
    """The head of the log, as the exchange signs it for this member."""
    return member.raw.get(f"{forum.url}/{ROOT}/ext/log/checkpoint").text


def rewritten(forum: Forum, member: Attendee, seen: str, shown: str) -> str:
    """What one finds who holds both heads; nothing where one grew from the other."""
    origin = checkpoints.origin(forum.url, ROOT)
    old, new = (checkpoints.opened(note, origin, forum.exchange_key.public) for note in (seen, shown))
    url = f"{forum.url}/{ROOT}/ext/log/proof/consistency/"
    proof = member.raw.get(url, params={"old": old.size, "size": new.size}).json()["proof"]
    try:
        checkpoints.check_growth(old, new, [from_base64(each) for each in proof])
    except TrustError as error:
        return error.what
    return ""


def refused_sync(member: Attendee) -> str:
    """Why a member does not sync; nothing where it does."""
    try:
        member.sync()
    except TrustError as error:
        return error.what
    return ""
