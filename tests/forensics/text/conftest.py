"""Tokenizers as model vendors ship them: learned here, from a page of prose, written as tokenizer.json."""

import pytest
from tokenizers import Tokenizer as Vocabulary
from tokenizers import decoders, models, normalizers, pre_tokenizers, processors, trainers

PROSE = [
    "The window of context is the tokens before; the token after it is green or it is not.",
    "A model that was trained on marked text prefers green tokens a little, everywhere.",
    "Nobody who never saw the key can tell a green token from another, however long they look.",
    "What is counted twice is no evidence the second time, and the tokens of a prompt are not the model's.",
] * 3


def byte_pairs(size):
    """As GPT-2's: bytes, blanks at the front of a word, offsets without blanks."""
    vocabulary = Vocabulary(models.BPE())
    vocabulary.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    vocabulary.decoder = decoders.ByteLevel()
    vocabulary.post_processor = processors.ByteLevel(trim_offsets=True)
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    vocabulary.train_from_iterator(
        PROSE, trainers.BpeTrainer(vocab_size=size, initial_alphabet=alphabet, show_progress=False)
    )
    return vocabulary


def word_pieces():
    """As BERT's: lower case, no blanks, an unknown token."""
    vocabulary = Vocabulary(models.WordPiece(unk_token="[UNK]"))  # noqa: S106 -- no password
    vocabulary.normalizer = normalizers.BertNormalizer(lowercase=True)
    vocabulary.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    vocabulary.decoder = decoders.WordPiece()
    trainer = trainers.WordPieceTrainer(vocab_size=200, special_tokens=["[UNK]", "[CLS]", "[SEP]"], show_progress=False)
    vocabulary.train_from_iterator(PROSE, trainer)
    vocabulary.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 1), ("[SEP]", 2)]
    )
    vocabulary.enable_truncation(8)
    vocabulary.enable_padding(length=8)
    return vocabulary


def single_letters():
    """Letters alone, and no unknown token: what is not in the vocabulary is silently left out."""
    vocabulary = Vocabulary(models.BPE())
    vocabulary.train_from_iterator(PROSE, trainers.BpeTrainer(vocab_size=1, show_progress=False))
    return vocabulary


@pytest.fixture
def saved(tmp_path):
    """Writes a vocabulary as tokenizer.json."""

    def save(vocabulary, name="tokenizer.json"):
        path = tmp_path / name
        path.write_text(vocabulary.to_str())
        return path

    return save


@pytest.fixture
def bytes_path(saved):
    return saved(byte_pairs(400))


@pytest.fixture
def smaller_path(saved):
    return saved(byte_pairs(320), "smaller.json")


@pytest.fixture
def words_path(saved):
    return saved(word_pieces(), "words.json")


@pytest.fixture
def letters_path(saved):
    return saved(single_letters(), "letters.json")
