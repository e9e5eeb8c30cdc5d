import hashlib
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.errors import ConfigError
from stillwatch.forensics.canaries.catalogue import load, words

from .conftest import SIGNED


def wording(name, *variants, more=SIGNED):
    listed = ", ".join(f'"{variant}"' for variant in variants)
    return f'id = "{name}"\nkind = "wording"\nvariants = [{listed}]\n{more}'


def test_the_one_that_comes_along_keeps_the_laws_and_is_signed(shipped):
    assert {slot.kind for slot in shipped.slots} == {"wording", "format", "order"}
    assert all(slot.in_use for slot in shipped.slots)
    content = files("stillwatch.forensics.canaries").joinpath("catalogue.toml").read_bytes()
    assert shipped.digest == hashlib.sha256(content).hexdigest()


def test_what_nobody_reviewed_or_was_retired_is_not_in_use(written):
    slots = load(
        written(
            wording("signed", "for example,", "for instance,"),
            wording("unsigned", "in short,", "in brief,", more=""),
            wording("blank", "overall,", "on the whole,", more='reviewed_by = " "\n'),
            wording("retired", "similarly,", "likewise,", more=SIGNED + "retired = 2026-05-01\n"),
        )
    ).slots
    assert [slot.id for slot in slots if slot.in_use] == ["signed"]


@pytest.mark.parametrize(
    ("slots", "says"),
    [
        ([wording("one", "for example,")], "slot one: variants: "),
        ([wording("nine", *(f"{letter} thing" for letter in "abcdefghi"))], "slot nine: variants: "),
        ([wording("same", "for example,", "for example,")], "slot same: two of its variants are the same"),
        ([wording("capital", "For example,", "for instance,")], "no phrase"),
        ([wording("space", "for  example,", "for instance,")], "no phrase"),
        ([wording("code", "x = 1", "y = 1")], "no phrase"),
        ([wording("comma", "for example", "for instance,")], "end with a comma, or none does"),
        ([wording("a", "for example,", "for instance,"), wording("a", "in short,", "in brief,")], "called a"),
        ([wording("a", "make sure that", "ensure that"), wording("b", "sure", "certain")], '"make sure that" contains'),
        ([wording("a", "in order to", "so as to"), wording("b", "to wit", "namely")], "ends as"),
        ([wording("a", "on and on", "for ever")], 'ends as "on and on" begins ("on")'),
        (['id = "o"\nkind = "order"\nvariants = ["up", "down"]\n'], '"rising" and "falling"'),
        (['id = "f"\nkind = "format"\nvariants = ["-", "x"]\n'], "the marks of lists"),
        ([f'id = "{name}"\nkind = "format"\nvariants = ["-", "*"]\n' for name in "fg"], "one slot at most"),
        ([wording("k", "for example,", "for instance,", more="reviewer = 'ana'\n")], "did you mean 'reviewed_by'"),
        (['kind = "wording"\nvariants = ["in short,", "in brief,"]\n'], "slot number 1: id: field required"),
    ],
)
def test_a_law_that_is_broken_is_said_with_the_slot(written, slots, says):
    path = written(*slots)
    with pytest.raises(ConfigError) as caught:
        load(path)
    assert caught.value.where == str(path)
    assert says in str(caught.value)


@pytest.mark.parametrize(
    ("content", "says"),
    [(b"", "is a list of"), (b"slot = 1", "is a list of"), (b"[[slot", "is not TOML"), (b"\xff", "is not TOML")],
)
def test_a_file_that_is_none_is_said(tmp_path, content, says):
    path = tmp_path / "catalogue.toml"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match=says):
        load(path)


def test_a_file_that_is_not_there_is_said(tmp_path):
    with pytest.raises(ConfigError, match="cannot be read"):
        load(tmp_path / "catalogue.toml")


@given(
    st.lists(st.sampled_from(["for example,", "for instance,", "on the whole,", "in brief,", "and", "so", ",", "."]))
)
def test_phrases_of_a_lawful_catalogue_never_overlap(shipped, parts):
    text = " ".join(parts)
    phrases = [words(match[0]) for match, _, _ in shipped.phrases(text)]
    assert len(phrases) == sum(part in shipped.wordings for part in parts)
