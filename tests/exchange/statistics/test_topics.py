"""What is counted lands in a cell that was there before."""

from stillwatch.exchange.statistics.topics import TOPICS
from stillwatch.indicators.atlas import TECHNIQUES
from stillwatch.indicators.extensions import FEEDBACK


def test_a_technique_is_counted_by_its_number():
    uses = {
        "type": "relationship",
        "relationship_type": "uses",
        "target_ref": TECHNIQUES["AML.T0024.002"]["id"],
    }
    cell = TOPICS["techniques"].cell
    assert cell(uses) == "AML.T0024.002"
    assert cell(uses | {"relationship_type": "mitigates"}) is None
    assert cell(uses | {"target_ref": "infrastructure--dd2ee150-d284-4277-b89c-1af40ce8fcc9"}) is None


def test_a_sighting_is_counted_by_its_outcome():
    cell = TOPICS["sightings"].cell
    assert cell({"type": "sighting", "extensions": {FEEDBACK: {"outcome": "unsure"}}}) == "unsure"
    assert cell({"type": "sighting"}) is None


def test_every_topic_counts_something_and_one_member_adds_little():
    assert all(topic.cells and 1 <= topic.clip <= 32 for topic in TOPICS.values())
