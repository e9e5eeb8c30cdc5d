"""`stillwatch probe`: is that model a copy of ours? Keys, a plan, a run, a bundle that somebody else can check."""

import click

from stillwatch.cli.probe_bundle import disclose, rerun, show_bundle, verify
from stillwatch.cli.probe_canaries import canaries
from stillwatch.cli.probe_keys import keys
from stillwatch.cli.probe_plan import plan
from stillwatch.cli.probe_rehearse import rehearse
from stillwatch.cli.probe_run import run, score


@click.group(short_help="Test whether a model was trained on our answers.")
def command() -> None:
    """Test whether a suspect model was trained on answers that carried our keys.

    Keys are committed to before anything is marked with them, the plan is sealed before the first question, answers are
    scored under blind labels, and all of it lies in a bundle that anybody checks offline. Try it with models that are
    made from nothing:

    \b
    Example:
      stillwatch probe rehearse --out rehearsal
      stillwatch probe keys make --campaign c-1f09 --epoch 2026-q4 --scheme vllm-gumbel-philox4x32-10-v1 --width 2
      stillwatch probe keys commit
      stillwatch probe plan plan.toml
      stillwatch probe run plan.json -o bundle
      stillwatch probe verify bundle
    """


for _verb in (keys, plan, run, score, rerun, verify, show_bundle, disclose, canaries, rehearse):
    command.add_command(_verb)
