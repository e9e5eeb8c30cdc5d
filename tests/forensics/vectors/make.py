"""Conformance vectors: what the engines' own code says. Run by hand, where an engine's version changes; not in CI.

    python make.py SOURCES     # SOURCES holds the unpacked wheels of vllm, sglang and transformers

Needs torch (the CPU build is enough), numpy and msgspec. The engines themselves are not installed: their modules of
watermarks are loaded from their files, and what those import from the rest of the engine for annotations, logging and
GPU kernels is replaced by empty modules. The code that computes what is written here is theirs, unchanged.
"""

import importlib
import json
import random
import sys
import types
from pathlib import Path
from typing import Any

import torch

HERE = Path(__file__).parent
VERSIONS = {"vllm": "0.33.0", "sglang": "0.5.23", "transformers": "5.23.0"}
KEYS = (0, 1, 0x0123456789ABCDEF, 2**64 - 1)


class _Stub(types.ModuleType):
    """A module in which every name is a class without content."""

    __path__: list[str] = []  # noqa: RUF012 -- a package, as far as imports can tell

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return type(name, (), {})


def stub(*names: str) -> None:
    for name in names:
        sys.modules[name] = _Stub(name)


def folder(name: str, path: Path) -> None:
    """A package whose __init__ is not run."""
    module = types.ModuleType(name)
    module.__path__ = [str(path)]
    sys.modules[name] = module


def write(engine: str, made: str, **vectors: Any) -> None:
    document = {"engine": engine, "version": VERSIONS[engine], "torch": torch.__version__, "made": made, **vectors}
    text = json.dumps(document, indent=None, separators=(",", ":"))
    (HERE / f"{engine}.json").write_text(text + "\n")
    print(engine, len(text))  # noqa: T201


def text_ids(drawn: random.Random, length: int, vocabulary: int) -> list[int]:
    """A text with repetitions, as texts have them."""
    ids = [drawn.randrange(vocabulary) for _ in range(length)]
    for _ in range(length // 40):
        at, to = drawn.randrange(length - 12), drawn.randrange(length - 12)
        ids[to : to + 12] = ids[at : at + 12]
    return ids


def vllm(sources: Path) -> None:
    root = sources / "vllm"
    folder("vllm", root)
    folder("vllm.v1", root / "v1")
    stub("vllm.logger", "vllm.config", "vllm.config.utils", "vllm.v1.worker", "vllm.v1.worker.gpu")
    stub("vllm.v1.worker.gpu.sample", "vllm.v1.worker.gpu.sample.gumbel")
    sys.modules["vllm.config"].__path__ = [str(root / "config")]
    sys.modules["vllm.config.utils"].config = lambda cls: cls
    sys.modules["vllm.logger"].init_logger = lambda _: None
    gumbel = importlib.import_module("vllm.v1.watermarking.gumbel")
    philox = importlib.import_module("vllm.v1.watermarking.prfs.philox")
    drawn = random.Random(1)  # noqa: S311 -- the same each time
    uniforms = []
    for width in (1, 2, 3, 4, 5, 8, 16):
        for key in (*KEYS, drawn.getrandbits(64)):
            windows = [[drawn.randrange(200_000) for _ in range(width)] for _ in range(8)]
            windows[0] = [-1] * width
            windows[1][0] = -1
            tokens = [drawn.randrange(200_000) for _ in range(8)]
            found = philox.PhiloxPRF(key).uniform(torch.tensor(windows), torch.tensor(tokens).unsqueeze(-1))
            bits = found.squeeze(-1).view(torch.int32).tolist()
            uniforms.append({"key": f"{key:016x}", "windows": windows, "tokens": tokens, "bits": bits})
    detections = []
    for width, alpha, length in (
        (1, None, 400),
        (2, None, 400),
        (4, None, 600),
        (4, 0.1, 600),
        (2, 0.3, 400),
        (4, 0.5, 200),
    ):
        key, ids = drawn.getrandbits(64), text_ids(drawn, length, 300)
        if alpha is None:
            detector = gumbel.GumbelWatermarkDetector(key, width)
        else:
            detector = gumbel.DualKeyGumbelWatermarkDetector(key, width, alpha=alpha)
        said = detector.detect(ids)
        detections.append(
            {
                "key": f"{key:016x}",
                "width": width,
                "alpha": alpha,
                "ids": ids,
                "n": said.num_scored_tokens,
                "score": said.score,
                "p": said.p_value,
            }
        )
    write("vllm", "PhiloxPRF.uniform and the detectors' detect, on the CPU", uniforms=uniforms, detections=detections)


def sglang(sources: Path) -> None:
    folder("watermarking", sources / "sglang/srt/sampling/watermarking")
    detector = importlib.import_module("watermarking.detector")
    derived = importlib.import_module("vllm.config.watermarking").derive_watermark_key  # our choice of the second key
    drawn = random.Random(2)  # noqa: S311 -- the same each time
    hashes = []
    for width in (1, 2, 3, 4, 16):
        for key in (*KEYS, drawn.getrandbits(64)):
            windows = [[drawn.randrange(200_000) for _ in range(width)] for _ in range(8)]
            tokens = [drawn.randrange(200_000) for _ in range(8)]
            signed = detector.parse_watermark_key(f"{key:x}")
            words = [
                detector.watermark_hash(signed, detector.hash_context(window), token)
                for window, token in zip(windows, tokens, strict=True)
            ]
            hashes.append({"key": f"{key:016x}", "windows": windows, "tokens": tokens, "words": words})
    detections = []
    for width, probability, length in ((1, None, 400), (4, None, 600), (2, 0.5, 400), (4, 0.9, 600), (4, 0.25, 300)):
        key, ids = drawn.getrandbits(64), text_ids(drawn, length, 300)
        two = {} if probability is None else {"key_b": f"{derived(key, b'key_b'):x}", "mixing_probability": probability}
        said = detector.WatermarkDetector(f"{key:x}", context_window=width, **two).detect_tokens(ids).combined
        detections.append(
            {
                "key": f"{key:016x}",
                "width": width,
                "probability": probability,
                "ids": ids,
                "n": said.num_contexts,
                "score": said.score,
                "log_p": said.log_p_value,
            }
        )
    write("sglang", "watermark_hash and WatermarkDetector.detect_tokens", hashes=hashes, detections=detections)


def transformers(sources: Path) -> None:
    root = sources / "transformers"
    folder("transformers", root)
    folder("transformers.generation", root / "generation")
    stub("transformers.initialization", "transformers.configuration_utils", "transformers.modeling_utils")
    stub("transformers._typing", "transformers.utils", "transformers.pytorch_utils", "transformers.utils.logging")
    sys.modules["transformers.utils.logging"].get_logger = lambda _: None
    sys.modules["transformers.utils"].add_start_docstrings = lambda *_: lambda method: method
    sys.modules["transformers.utils"].logging = types.SimpleNamespace(get_logger=lambda _: None)
    watermarking = importlib.import_module("transformers.generation.watermarking")
    drawn = random.Random(3)  # noqa: S311 -- the same each time
    permutations = []
    for seed, n in ((0, 10), (1, 700), (5489, 2000), (2**31 + 5, 1000), (2**40 + 7, 1300), (2**64 - 2, 1)):
        order = torch.randperm(n, generator=torch.Generator().manual_seed(seed)).tolist()
        permutations.append({"seed": seed, "n": n, "order": order})
    detections = []
    for scheme, width, gamma, vocabulary in (
        ("lefthash", 1, 0.25, 1000),
        ("lefthash", 1, 0.5, 2048),
        ("lefthash", 1, 0.25, 50257),
        ("selfhash", 1, 0.25, 1000),
        ("selfhash", 2, 0.5, 2048),
        ("selfhash", 4, 0.25, 50257),
    ):
        for key in (15485863, drawn.getrandbits(31), drawn.getrandbits(64 if scheme == "lefthash" else 63)):
            ids = text_ids(drawn, 150, vocabulary)
            given = {"greenlist_ratio": gamma, "hashing_key": key, "seeding_scheme": scheme, "context_width": width}
            model = types.SimpleNamespace(bos_token_id=-1, is_encoder_decoder=False, vocab_size=vocabulary)
            detector = watermarking.WatermarkDetector(model, "cpu", given, ignore_repeated_ngrams=True)
            said = detector(torch.tensor([ids]), return_dict=True)
            length = width + 1 - (scheme == "selfhash")  # of an n-gram
            grams = sorted({tuple(ids[place : place + length]) for place in range(len(ids) - length + 1)})
            prefix = len(grams[0]) - (scheme == "lefthash")
            green = [bool(detector._get_ngram_score(torch.tensor(gram[:prefix]), gram[-1])) for gram in grams]  # noqa: SLF001
            detections.append(
                {
                    "scheme": scheme,
                    "context_width": width,
                    "gamma": gamma,
                    "vocabulary": vocabulary,
                    "key": f"{key:016x}",
                    "grams": grams,
                    "green": "".join("01"[each] for each in green),
                    "n": int(said.num_tokens_scored[0]),
                    "greens": int(said.num_green_tokens[0]),
                    "z": float(said.z_score[0]),
                }
            )
    write(
        "transformers",
        "torch.randperm of the CPU, and WatermarkDetector with ignore_repeated_ngrams, on the CPU",
        permutations=permutations,
        detections=detections,
    )


if __name__ == "__main__":
    for engine in (vllm, sglang, transformers):
        engine(Path(sys.argv[1]))
