"""Sign-ups: the accounts table and its truth, both in the order of the identifiers so that the place tells nothing."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from stillwatch.simulate.accounts import PLANS, Accounts
from stillwatch.simulate.rendering import Render
from stillwatch.simulate.strings import Column, addresses, identifiers, masked, taken
from stillwatch.traffic.schema import ACCOUNTS, TIME

TRUTH_ACCOUNTS = pa.schema(
    [(name, pa.string()) for name in ("provider", "account_id", "organization_id", "kind", "campaign")]
)
_PROVIDERS = (
    "postbox", "quickmail", "inbox", "letterbird", "mailhaus", "courier",
    "webpost", "netmail", "pigeon", "envelope", "stampmail", "dispatch",
)  # fmt: skip
_LARGE_MAIL = tuple(f"{name}.example" for name in _PROVIDERS)
_THROW_AWAY = tuple(f"{name}{i}.example" for name in ("tenminute", "trash", "burner") for i in range(10))


def sign_ups(render: Render) -> pa.RecordBatch:
    """The accounts of a provider, in schema ACCOUNTS."""
    accounts = render.accounts
    created: Column = pa.array(render.start + accounts.created, pa.int64()).cast(TIME)
    columns: list[Column] = [
        render.account_ids,
        render.organization_ids,
        created,
        taken(PLANS, accounts.plan),
        masked(identifiers("pm_", accounts.payment), accounts.payment != 0),
        _mail_domains(accounts),
        addresses(accounts.signup),
    ]
    return _in_order(pa.RecordBatch.from_arrays(columns, schema=ACCOUNTS))


def account_truth(render: Render) -> pa.RecordBatch:
    """What each account is: `TRUTH_ACCOUNTS`."""
    accounts, labels = render.accounts, render.labels
    columns: list[Column] = [
        taken([labels.provider], np.zeros(len(accounts), dtype=np.int64)),
        render.account_ids,
        render.organization_ids,
        taken(labels.kinds, accounts.kind),
        taken(labels.campaigns, accounts.campaign),
    ]
    return _in_order(pa.RecordBatch.from_arrays(columns, schema=TRUTH_ACCOUNTS))


def _in_order(batch: pa.RecordBatch) -> pa.RecordBatch:
    return batch.take(pc.sort_indices(batch["account_id"]))


def _mail_domains(accounts: Accounts) -> pa.StringArray:
    """Of the large providers, of a throw-away one, or one's own (see `Accounts.mail`)."""
    listed = (*_LARGE_MAIL, *("",) * (100 - len(_LARGE_MAIL)), *_THROW_AWAY)
    domains, own = np.unique(accounts.mail, return_inverse=True)
    names = [listed[mail] if mail < len(listed) else f"{mail:016x}"[:7] + ".example" for mail in domains.tolist()]
    return taken(names, own)
