import pytest

from stillwatch.errors import ConfigError
from stillwatch.forensics.rehearsal import corpus


def test_docstrings_are_found_once_and_in_one_order(tmp_path, monkeypatch):
    monkeypatch.setattr(corpus, "_LEAST", 100)
    one, two = "One text, long enough to count. " * 4, "Another text,\n    of two lines that are long. " * 4
    (tmp_path / "b.py").write_text(f'def f():\n    r"""{two}"""\n\ndef g():\n    """{one}"""\n')
    (tmp_path / "a.py").write_text(f'"""{one}"""\nx = 1\n')
    (tmp_path / "test").mkdir()
    (tmp_path / "test" / "c.py").write_text(f'"""{"Not everybody has the tests. " * 9}"""\n')
    (tmp_path / "d.py").write_text(f'"""short"""\n"""{"Nicht überall gleich. " * 9}"""\n')
    found = corpus.docstrings(tmp_path)
    assert [text[:7] for text in found] == ["One tex", "Another"]


def test_a_python_without_sources_is_told_so(tmp_path):
    with pytest.raises(ConfigError, match="too little text"):
        corpus.docstrings(tmp_path)


def test_the_standard_library_is_enough():
    assert sum(map(len, corpus.docstrings())) > 1_000_000
