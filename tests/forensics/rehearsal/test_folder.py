import pytest

from stillwatch.errors import ConfigError
from stillwatch.forensics import plan, schemes
from stillwatch.forensics.custody.commitments import Commitments
from stillwatch.forensics.custody.keys import Keyring
from stillwatch.forensics.radioactivity import closed
from stillwatch.forensics.rehearsal import write
from stillwatch.forensics.suspects import files
from stillwatch.forensics.text.tokenizing import Tokenizer
from stillwatch.forensics.text.windows import gather


@pytest.mark.slow
def test_what_is_written_is_a_plan_by_which_the_suspect_is_found_and_nobody_else(tmp_path):
    folder = tmp_path / "rehearsal"
    write(folder)
    written = plan.load(folder / "plan.toml")
    keyring, tokenizer = Keyring(folder / "keys"), Tokenizer.load(folder / "tokenizer.json")
    test = written.tests[0]
    keys, scheme = keyring.keys(test.keys), schemes.of(test)
    assert Commitments(keyring.folder).covering(test.keys, keyring.records())
    assert [subject.role for subject in written.subjects].count("control") == 20
    for subject in written.subjects[:5]:
        tokens = tokenizer.read(files.read([folder / file.path for file in subject.texts]))
        scorable = gather(tokens, scheme.width, test.rule, history=scheme.history)
        result = closed.test(
            test.name, subject.id, scorable, scheme, keys, rule=test.rule, least=test.least, wrong_keys=0, seed=0
        )
        first, *others = result.keys
        assert all(key.log10_p_holm > -3 for key in others)
        assert (first.log10_p_holm < -6) == (subject.role != "control")
    assert not list(tmp_path.glob(".*")), "nothing half written is left"


def test_a_folder_that_holds_something_is_left_alone(tmp_path):
    (tmp_path / "mine").write_text("mine")
    with pytest.raises(ConfigError, match="something else"):
        write(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]
