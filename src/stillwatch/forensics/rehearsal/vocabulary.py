"""A vocabulary of byte pairs, learned from the texts at hand, and those texts in its tokens.

vocabulary = learn(texts)                # a `tokenizers.Tokenizer`; its .to_str() is a tokenizer.json
stream = read(vocabulary, texts)         # (tokens,): the texts one after the other
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from stillwatch.errors import ConfigError
from stillwatch.forensics.model import Ids

if TYPE_CHECKING:
    from tokenizers import Tokenizer

SIZE = 2048  # tokens
_BETWEEN = "\n\n"  # texts: part of the text, so that no token is special and every token can be written


def learn(texts: Sequence[str]) -> "Tokenizer":
    """Byte-pair encoding (Sennrich et al. 2016) of `SIZE` tokens.

    Raises:
        ConfigError: the library is not installed.
    """
    try:
        from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers  # noqa: PLC0415
    except ImportError:
        hint = "pip install 'stillwatch[forensics]'"
        raise ConfigError("A rehearsal needs the library tokenizers.", hint=hint) from None
    vocabulary = Tokenizer(models.BPE())
    vocabulary.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    vocabulary.decoder = decoders.ByteLevel()
    vocabulary.train_from_iterator(texts, trainers.BpeTrainer(vocab_size=SIZE, show_progress=False))
    return vocabulary


def read(vocabulary: "Tokenizer", texts: Sequence[str]) -> Ids:
    """Texts as tokens, one after the other. Shape (tokens,)."""
    encodings = vocabulary.encode_batch([text + _BETWEEN for text in texts])
    return np.concatenate([np.asarray(each.ids, np.int32) for each in encodings])
