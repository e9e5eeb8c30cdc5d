import base64
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.errors import TrustError
from stillwatch.exchange.log.notes import Note, NoteSignature, Verifier
from stillwatch.signing import SigningKey

# a tree head of Go's checksum database, with the key that is built into Go
GO = """go.sum database tree
6476701
mb8QLQIs0Z0yP5Cstq6guj87oXWeC9gEM8oVikmm9Wk=

— sum.golang.org Az3grsLX85Gz+s1SiTbgkuqxgItqFq7gsMUEyVnrsa9LM7Us9S+1xbFIGu95949rj4nPRYfvimWEPWL+o3GeoWwOoAw=
"""
GO_KEY = Verifier("sum.golang.org", base64.b64decode("Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8")[1:])
# the example of C2SP signed-note
FOO = """This is an example message.

— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=
"""
FOO_KEY = Verifier("example.com/foo", base64.b64decode("AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k")[1:])


@pytest.mark.parametrize(("note", "key", "hint"), [(GO, GO_KEY, "033de0ae"), (FOO, FOO_KEY, "530d903a")])
def test_notes_of_others_hold(note, key, hint):
    assert key.hint.hex() == hint
    parsed = Note.parse(note)
    parsed.signed_by(key)
    assert str(parsed) == note


@pytest.mark.parametrize(
    ("old", "new"),
    [("6476701", "6476702"), ("mb8Q", "mb9Q"), ("Az3grsLX", "Az3grsLY"), ("golang.org Az3", "golang.org Bz3")],
)
def test_a_changed_note_does_not_hold(old, new):
    with pytest.raises(TrustError, match=r"not signed by|is not by the key"):
        Note.parse(GO.replace(old, new)).signed_by(GO_KEY)


def test_every_changed_character_is_noticed():
    for place in range(len(GO)):
        changed = GO[:place] + ("A" if GO[place] != "A" else "B") + GO[place + 1 :]
        with pytest.raises(TrustError):
            Note.parse(changed).signed_by(GO_KEY)


def test_signatures_of_strangers_are_passed_over():
    key = SigningKey.generate()
    stranger = Verifier("sum.golang.org", key.public)
    line = NoteSignature(stranger.name, stranger.hint, b"\0" * 64)
    note = Note.parse(GO)
    Note(note.text, (line, *note.signatures)).signed_by(GO_KEY)
    with pytest.raises(TrustError, match=r"not signed by sum\.golang\.org with the key"):
        note.signed_by(stranger)


def test_one_false_line_in_a_known_name_spoils_the_note():
    note = Note.parse(GO)
    false = NoteSignature(GO_KEY.name, GO_KEY.hint, b"\0" * 64)
    with pytest.raises(TrustError):
        Note(note.text, (*note.signatures, false)).signed_by(GO_KEY)


@pytest.mark.parametrize(
    "note",
    [
        "",
        "text\n",
        "text\n\n",
        "\n\n— a AAAAAAA=\n",
        "text\n\n— a AAAAAAA=",
        "text\n\n- a AAAAAAA=\n",
        "text\n\n— a  AAAAAAA=\n",
        "text\n\n— a+b AAAAAAA=\n",
        "text\n\n— a AAAA\n",
        "text\n\n— a AAAAAAB=\n",
        "text\n\n— a\n",
        "text\r\n\n— a AAAAAAA=\n",
        "te\x00xt\n\n— a AAAAAAA=\n",
        "te\ud800xt\n\n— a AAAAAAA=\n",
        "text\n\n" + "— a AAAAAAA=\n" * 257,
        "t" * 70_000 + "\n\n— a AAAAAAA=\n",
    ],
)
def test_what_is_no_note(note):
    with pytest.raises(TrustError):
        Note.parse(note)


@given(st.text(max_size=200))
def test_no_text_breaks_the_reader(text):
    for attempt in (text, GO + text, text + GO, GO.replace("\n\n", text)):
        with suppress(TrustError):
            assert str(Note.parse(attempt)) == attempt
