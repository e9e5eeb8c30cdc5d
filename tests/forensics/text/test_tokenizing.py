"""Text in tokens, exact offsets, and the wrong tokenizer recognised."""

import hashlib

import numpy as np
import pytest

from stillwatch.errors import InputError
from stillwatch.forensics.model import Answer
from stillwatch.forensics.text.tokenizing import Tokenizer

TEXT = "The tokens of marked text — naïve, 漢字 and 😀 — are green.\n\n  Or they are not."


def test_a_text_comes_back_from_its_tokens(bytes_path):
    tokenizer = Tokenizer.load(bytes_path)
    tokens = tokenizer.tokens(Answer("What is green?", TEXT))
    assert tokens.text.dtype == tokens.prompt.dtype == np.int32
    assert tokenizer._vocabulary.decode(tokens.text.tolist()) == TEXT  # noqa: SLF001
    assert tokenizer._vocabulary.decode(tokens.prompt.tolist()) == "What is green?"  # noqa: SLF001
    assert tokens.text.max() < tokenizer.size == 400


def test_offsets_cover_every_character_blanks_too(bytes_path):
    offsets = Tokenizer.load(bytes_path).offsets(TEXT)
    assert set().union(*(range(*each) for each in offsets)) == set(range(len(TEXT)))


def test_the_digest_is_that_of_the_file(bytes_path):
    tokenizer = Tokenizer.load(bytes_path)
    assert tokenizer.digest == hashlib.sha256(bytes_path.read_bytes()).hexdigest()
    assert "vocabulary" not in repr(tokenizer)


def test_special_tokens_truncation_and_padding_of_the_file_do_not_count(words_path):
    tokens = Tokenizer.load(words_path).tokens(Answer("", "the tokens " * 20)).text
    assert len(tokens) == 40
    assert not set(tokens.tolist()) & {0, 1, 2}


def test_an_empty_text_has_no_tokens(bytes_path):
    tokenizer = Tokenizer.load(bytes_path)
    tokens = tokenizer.tokens(Answer("", ""))
    assert len(tokens.text) == len(tokens.prompt) == len(tokenizer.offsets("")) == 0


def test_tokens_that_are_given_are_taken(bytes_path):
    tokens = Tokenizer.load(bytes_path).tokens(Answer("", "", prompt_ids=(7,), text_ids=(5, 399, 5)))
    assert (tokens.prompt.tolist(), tokens.text.tolist()) == ([7], [5, 399, 5])


@pytest.mark.parametrize("token", [400, 2**40, -1])
def test_a_token_beyond_the_vocabulary_is_of_another_tokenizer(bytes_path, token):
    with pytest.raises(InputError, match="not the tokenizer of these answers"):
        Tokenizer.load(bytes_path).tokens(Answer("", "", text_ids=(1, token)))


def test_text_that_a_vocabulary_does_not_know_is_of_another_tokenizer(words_path):
    tokenizer = Tokenizer.load(words_path)
    with pytest.raises(
        InputError, match=r"% of the text is unknown to it. Name the tokenizer.json of the model that was"
    ):
        list(tokenizer.read([Answer("", "漢字 " * 300)]))


def test_so_is_text_that_a_vocabulary_silently_leaves_out(letters_path):
    with pytest.raises(InputError, match="unknown to it"):
        list(Tokenizer.load(letters_path).read([Answer("", "ЖЩЯ the tokens are " * 30)]))


def test_a_few_strange_characters_are_no_reason_to_refuse(words_path, letters_path):
    answers = [Answer("", "the tokens before the window are green " * 20), Answer("", "漢")]
    for path in (words_path, letters_path):
        assert len(list(Tokenizer.load(path).read(answers))) == 2


def test_answers_whose_text_and_tokens_disagree_are_of_another_tokenizer(bytes_path, smaller_path):
    right, other = Tokenizer.load(bytes_path), Tokenizer.load(smaller_path)
    texts = [f"The window number {n} of the model is green." for n in range(20)]
    answers = [Answer("", text, text_ids=tuple(map(int, right.encode(text)[0]))) for text in texts]
    assert len(list(right.read(answers))) == 20
    shuffled = [Answer("", a.text, text_ids=tuple((t * 7) % 320 for t in a.text_ids)) for a in answers]
    with pytest.raises(InputError, match="20 say different things"):
        list(other.read(shuffled))


def test_a_file_that_is_none_is_said(tmp_path):
    (tmp_path / "tokenizer.json").write_text('{"model": 1}')
    with pytest.raises(InputError, match="Is no tokenizer"):
        Tokenizer.load(tmp_path / "tokenizer.json")
    with pytest.raises(InputError, match="Cannot be read: No such file"):
        Tokenizer.load(tmp_path / "missing.json")
