"""The sections of `stillwatch.toml`: every setting with its type, its bounds, its default and its reason."""

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

Bits = Annotated[float, Field(ge=-100, le=1000, allow_inf_nan=False)]
HomePath = Annotated[Path, AfterValidator(Path.expanduser)]
Family = Literal["content", "text", "sign_up", "network", "time", "protocol", "client", "alliance"]


def _listed(value: object) -> object:
    """A list from the environment is words with commas between them."""
    return [word.strip() for word in value.split(",")] if isinstance(value, str) else value


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)


class ScanConfig(_Section):
    """How a scan judges, and with how many threads."""

    threads: int = Field(
        default=0,
        ge=0,
        le=1024,
        description="Threads that read and take signatures; 0 is one for each core. The findings do not depend on it.",
    )
    prior_bits: Bits = Field(
        default=-12.0,
        description="What a set of accounts starts with, as log2 odds: one set in four thousand that is looked at is a "
        "campaign. A log of fewer than 4,096 accounts has fewer sets to look at and starts higher, by up to 4 bits. "
        "Lower it to ask for more evidence of everything.",
    )
    report_bits: Bits = Field(
        default=0.0,
        description="The line: a campaign is reported from here on, and `crossed_at` is when it was passed. At 0 it is "
        "as likely as not, given the prior.",
    )
    medium_bits: Bits = Field(
        default=0.0, description="Severity medium from here on; low is between the line and this."
    )
    high_bits: Bits = Field(default=8.0, description="Severity high from here on: odds of 256 to 1.")
    critical_bits: Bits = Field(default=20.0, description="Severity critical from here on: odds of a million to 1.")
    min_accounts: int = Field(
        default=3,
        ge=2,
        description="Fewest accounts of a campaign. Two that share something are mostly one customer with two keys.",
    )
    min_parties: int = Field(
        default=3,
        ge=2,
        description="Fewest customers that a campaign pretends to be. The keys of one team, a class, a company's staff "
        "are openly one customer, whatever they do together.",
    )
    independent_bits: Bits = Field(
        default=4.0,
        gt=0,
        description="From how many bits on a group of evidence counts as one of the two independent ones without which "
        "nothing is reported: odds of 16 to 1.",
    )
    leave_out: Annotated[tuple[Family, ...], BeforeValidator(_listed)] = Field(
        default=(),
        description="Families of evidence that are not weighed, for an ablation or where the law of a place forbids "
        "them.",
    )
    hub_accounts: int = Field(
        default=200,
        ge=2,
        description="What more accounts than this share (an office's address, a popular agent's prompt) links nobody.",
    )

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if not self.report_bits <= self.medium_bits <= self.high_bits <= self.critical_bits:
            raise ValueError("report_bits <= medium_bits <= high_bits <= critical_bits must hold")
        return self


class InputConfig(_Section):
    """What the logs look like."""

    format: str | None = Field(
        default=None,
        examples=["native"],
        description="The format of the logs: native, litellm, spendlogs, otel, langfuse, gateway or a plugin's. Left "
        "out, each file's format is recognised by its content.",
    )
    mapping: HomePath | None = Field(
        default=None,
        examples=["mapping.toml"],
        description="A TOML file that maps the columns of a format that is not known here to the request schema.",
    )
    grain: Literal["user", "key"] = Field(
        default="user",
        description="Whom a LiteLLM log calls an account: user, who asked, or key, whose key it was. Take key where a "
        "proxy's users are all one.",
    )
    password_file: HomePath | None = Field(
        default=None,
        examples=["~/.config/stillwatch/clickhouse.password"],
        description="A file that holds the password of a ClickHouse log's user (mode 0600), so that it stands in no "
        "history and no list of processes. Left out, CLICKHOUSE_PASSWORD is taken.",
    )


class ProfilesConfig(_Section):
    """What is kept of the logs that were read, so that they need not be read again (`scan --profiles`)."""

    lateness_days: int = Field(
        default=7,
        ge=1,
        le=366,
        description="How late a request may come, against the newest of the scan before, and for how long its hash is "
        "kept, by which a second copy is told: some 7 bytes a request. What comes later is left out, and counted.",
    )
    growth: float = Field(
        default=0.05,
        ge=0,
        le=10,
        description="By what share an account's requests must have grown before a scan looks at its neighbourhood "
        "again; new accounts and the campaigns found before are looked at by every scan. 0: so is everybody, and a "
        "scan finds what one scan of everything would.",
    )
    whole_days: int = Field(
        default=7, ge=1, le=366, description="After how many days of the log a scan looks at everybody in any case."
    )
    hourly_days: int = Field(
        default=2,
        ge=0,
        le=3660,
        description="For how many days `profiles compact` keeps an account's hours apart. Older ones are merged into "
        "days: less to read, and `crossed_at` is known to the day.",
    )
    daily_days: int = Field(
        default=7,
        ge=0,
        le=3660,
        description="For how many days it keeps days apart; older ones are merged into months.",
    )
    keep_days: int = Field(
        default=92,
        ge=1,
        le=36600,
        description="How old profiles may become before `profiles prune` deletes them. A part is deleted as a whole, "
        "so a month goes when its last day is this old.",
    )


class PseudonymsConfig(_Section):
    """The key under which addresses, payment fingerprints and mail domains become tokens as they are read."""

    key_file: HomePath = Field(
        default=Path("~/.config/stillwatch/key"),
        description="The key, as `stillwatch config init` makes it (or $XDG_CONFIG_HOME/stillwatch/key; "
        "STILLWATCH_KEY_FILE names another). Whoever has it can test guesses of an address: mode 0600, and not in "
        "the log's folder.",
    )
    required: bool = Field(
        default=False,
        description="true: no scan without a key file. false: where the default file is absent, each scan makes a key "
        "that it forgets, and tokens of two scans cannot be compared.",
    )


class ReviewsConfig(_Section):
    """Where people's verdicts are remembered."""

    path: HomePath = Field(
        default=Path("~/.local/share/stillwatch/reviews.sqlite"),
        description="A SQLite file (or $XDG_DATA_HOME/stillwatch/reviews.sqlite); analysts who work together name one.",
    )
    two_persons: Annotated[tuple[Literal["confirmed", "rejected", "unsure"], ...], BeforeValidator(_listed)] = Field(
        default=(),
        description="Verdicts that stand only once a second person has said the same, such as those after which "
        "nothing is done any more.",
    )


class ExchangeConfig(_Section):
    """Where members tell each other, as whom, and who of us may say what."""

    url: str | None = Field(
        default=None,
        examples=["https://exchange.example/taxii2/"],
        description="The exchange: its discovery document or one API root. Any TAXII 2.1 server can be read. Only this "
        "host is asked; a redirect or an answer that names another is not followed.",
    )
    root: str | None = Field(
        default=None,
        examples=["forum"],
        description="The API root, by the last step of its path or its title, where the exchange has several.",
    )
    auth: Literal["oauth", "basic", "token", "mtls"] = Field(
        default="oauth",
        description="How we say who asks: oauth, a token for our name and secret; basic, both with every request; "
        "token, the secret as a bearer token; mtls, a client certificate and nothing else.",
    )
    member: str | None = Field(default=None, examples=["acme"], description="Our name at the exchange.")
    secret_file: HomePath | None = Field(
        default=None,
        examples=["~/.config/stillwatch/exchange.secret"],
        description="A file that holds the secret (mode 0600), so that it stands in no history and no list of "
        "processes.",
    )
    token_url: str | None = Field(
        default=None,
        examples=["https://login.example/token"],
        description="OAuth2's token endpoint, where it is not /oauth/token of the exchange's host. It is sent our name "
        "and secret.",
    )
    ca_file: HomePath | None = Field(
        default=None,
        examples=["authority.pem"],
        description="The authority that the exchange's certificate is checked against, instead of the system's. It is "
        "always checked.",
    )
    certificate_file: HomePath | None = Field(
        default=None, examples=["acme.pem"], description="Our client certificate, for mtls."
    )
    certificate_key_file: HomePath | None = Field(
        default=None, examples=["acme.key"], description="Its key, where the certificate's file does not hold it."
    )
    identity: str | None = Field(
        default=None,
        examples=["identity--a712755f-6cac-44d5-99d5-269512e74f7b"],
        description="The STIX identity under which other members see us: a pseudonym that the operator gave. Left out, "
        "a stillwatch exchange is asked for it.",
    )
    key_file: HomePath | None = Field(
        default=None,
        examples=["~/.config/stillwatch/exchange.pem"],
        description="Our Ed25519 key (mode 0600): with it what we publish is signed, and the exchange's log cosigned. "
        "`openssl genpkey -algorithm ed25519` makes one; the operator enrols its public half.",
    )
    exchange_key: str | None = Field(
        default=None,
        examples=["c2VlIHRoZSBvcGVyYXRvcidzIHBhcGVyIGZvciBpdC4="],
        description="The exchange's own public key (base 64), as the operator gave it on paper. Left out, the first "
        "that is seen is remembered, and another one is an error.",
    )
    collection: str | None = Field(
        default=None,
        examples=["findings"],
        description="The collection that is published to, by id, alias or title. Left out, the only one that we may "
        "write to.",
    )
    collections: Annotated[tuple[str, ...], BeforeValidator(_listed)] = Field(
        default=(), description="The collections that are read, likewise named. Left out, all that we may read."
    )
    state: HomePath = Field(
        default=Path("~/.local/share/stillwatch/exchange.sqlite"),
        description="A SQLite file (or $XDG_DATA_HOME/stillwatch/exchange.sqlite, mode 0600) with what others said, "
        "what we said, and how far we have read.",
    )
    publishers: Annotated[tuple[str, ...], BeforeValidator(_listed)] = Field(
        default=(), description='Who may draft what is shared, and withdraw it, such as ["alice", "bob"].'
    )
    approvers: Annotated[tuple[str, ...], BeforeValidator(_listed)] = Field(
        default=(), description="Who may approve a draft, which publishes it. Nobody approves his own."
    )
    tlp: Literal["clear", "green", "amber", "amber+strict", "red"] = Field(
        default="amber+strict",
        description="How widely what we share may go (TLP 2.0). A new version never widens it.",
    )
    feedback: Literal["reviewed", "off"] = Field(
        default="reviewed",
        description="What `sync` says of others' indicators: reviewed, that they matched a campaign that a person of "
        "ours judged, and the verdict, never the reason; off, nothing.",
    )
    page_size: int = Field(default=1000, ge=1, le=100_000, description="Objects that are asked for at a time.")
    timeout_seconds: float = Field(default=30.0, gt=0, le=3600, description="How long we wait for each answer.")


class ServerConfig(_Section):
    """What the operator of an exchange sets; its members need nothing here."""

    db: str | None = Field(
        default=None,
        examples=["forum.sqlite"],
        description="Where the exchange keeps everything: a SQLite file, meant from the working folder, or "
        "postgresql://user@host/database.",
    )


class ResponseConfig(_Section):
    """What is done about campaigns, and where it is written down."""

    policy: HomePath | None = Field(
        default=None,
        examples=["policy.toml"],
        description="The policy: which findings lead to which measure. Left out, the one that comes with stillwatch: "
        "it observes, warns and caps by itself, and proposes the rest.",
    )
    ledger: str | None = Field(
        default=None,
        examples=["ledger.sqlite"],
        description="Where decisions are kept: a SQLite file, meant from the working folder, or "
        "postgresql://user@host/database. Nothing acts without one.",
    )
    relay: str | None = Field(
        default=None,
        examples=["redis://127.0.0.1:6379/0"],
        description="How gateways and the watch reach each other: a folder of this machine, or the address of a Redis "
        "or Valkey that they share.",
    )
    people: Annotated[tuple[str, ...], BeforeValidator(_listed)] = Field(
        default=(),
        description='Who may sign what needs a person, answer appeals and turn measures off, such as ["alice", "bob"].',
    )
    appeal_days: int = Field(
        default=14, ge=1, le=365, description="Days in which an appeal is to be answered; later it is shown as overdue."
    )
    exempt_days: int = Field(
        default=90,
        ge=1,
        le=3650,
        description="Days for which an account whose appeal was granted is not measured again on the same kinds of "
        "evidence. On other kinds a person must sign.",
    )


class GatewayConfig(_Section):
    """What a gateway reads of a request, and how much it may cost."""

    account: str = Field(
        default="key",
        examples=["header:x-account-id"],
        description="Whom a request is from: key, the API key (authorization or x-api-key), of which a digest is kept; "
        "header:NAME, a header that your own front end sets and no client can.",
    )
    organization: str | None = Field(
        default=None,
        examples=["header:x-organization-id"],
        description="The organization, likewise; without it, none.",
    )
    client_address: str = Field(
        default="peer",
        examples=["header:x-forwarded-for"],
        description="The client's address: peer, of the connection; header:NAME, where a proxy in front tells it.",
    )
    paths: Annotated[tuple[str, ...], BeforeValidator(_listed)] = Field(
        default=("/v1/chat/completions", "/v1/completions", "/v1/responses", "/v1/messages"),
        description="The ends of the paths that are guarded; all others pass untouched.",
    )
    fail: Literal["open", "closed"] = Field(
        default="open",
        description="What happens to a request that cannot be judged: open, it passes and is counted; closed, it is "
        "answered 503.",
    )
    canaries: Literal["off", "warn", "cap", "budget"] = Field(
        default="off",
        description="From which measure on the answers to a campaign's accounts get the campaign's choices among "
        "equally correct variants, if there is a key for it; off, no answer is ever changed. Streams are not touched. "
        "Decide it with whoever answers for the product and for the law.",
    )
    budget_ms: float = Field(
        default=5.0,
        gt=0,
        le=1000,
        description="How long a judgement may take. Whoever takes longer for several requests on end is left out for a "
        "while (the breaker), and that is counted.",
    )
    most_body_bytes: int = Field(
        default=16 << 20, ge=1024, description="A body beyond this passes unread, and is counted; it is never kept."
    )
    report_seconds: float = Field(
        default=1.0, gt=0, le=60, description="How often a gateway hands on what it saw, and asks what is in force."
    )
    token: HomePath | None = Field(
        default=None,
        examples=["gateway.token"],
        description="A file with the token that callers of `serve gateway` must bring (x-api-key or bearer); without "
        "one it serves this machine alone.",
    )


class WatchConfig(_Section):
    """The scan that never ends."""

    folder: HomePath = Field(
        default=Path("~/.local/state/stillwatch/watch"),
        description="Where the watch keeps what it folded (or $XDG_STATE_HOME/stillwatch/watch): profiles and places "
        "in the sources, no prompt.",
    )
    findings: HomePath | None = Field(
        default=None,
        examples=["findings.json"],
        description="Where the findings are written anew with every judgement.",
    )
    flush_seconds: float = Field(
        default=1.0,
        gt=0,
        le=60,
        description="How often what was folded goes to the disk: what a crash makes it read again.",
    )
    judge_seconds: float = Field(
        default=60.0, gt=0, description="How often all accounts are judged, if a judgement does not take longer."
    )
    window_days: int = Field(
        default=28, ge=1, le=31, description="How long a request counts. Profiles tell hours apart for 32 days."
    )
    max_accounts: int = Field(
        default=1_000_000,
        ge=1000,
        description="Accounts that are kept in memory, 1 KB each. Of more, those who asked once or twice and longest "
        "ago are forgotten first, so that a flood of new accounts exhausts nothing.",
    )
    webhook: str | None = Field(
        default=None,
        examples=["https://hooks.slack.com/services/..."],
        description="Told of new campaigns and of what waits for a person: any webhook that takes what Slack's does.",
    )
    mail_to: Annotated[tuple[str, ...], BeforeValidator(_listed)] = Field(
        default=(), description='Told likewise, by e-mail, such as ["abuse@example.com"].'
    )
    mail_from: str = Field(default="stillwatch@localhost", description="Whom these e-mails are from.")
    smtp: str = Field(default="localhost:25", description="The mail server, HOST:PORT.")
    otlp: str | None = Field(
        default=None,
        examples=["http://127.0.0.1:4318"],
        description="An OTLP/HTTP collector that is sent `gen_ai.evaluation.result` for accounts of new campaigns.",
    )


class ConsoleConfig(_Section):
    """Where people see campaigns and judge them, and who may."""

    db: Annotated[str, BeforeValidator(str)] = Field(
        default="~/.local/share/stillwatch/console.sqlite",
        examples=["postgresql://console@db.example/console"],
        description="Where cases, notes and people are kept: a SQLite file (or $XDG_DATA_HOME/stillwatch/"
        "console.sqlite), or postgresql://user@host/database.",
    )
    findings: HomePath | None = Field(
        default=None,
        examples=["findings.json"],
        description="The findings that are taken in, again whenever they change. Left out, what watch.findings names, "
        "else findings.json of the working folder.",
    )
    public_url: str | None = Field(
        default=None,
        examples=["https://console.example"],
        description="The console as people's browsers see it, where a proxy stands in front of it. With https, cookies "
        "are sent by TLS alone.",
    )
    idle_minutes: int = Field(
        default=60, ge=1, le=24 * 60, description="A session ends when nothing was asked for so long."
    )
    session_hours: int = Field(
        default=12, ge=1, le=24 * 30, description="And after so long, whatever is asked for meanwhile."
    )
    newcomers: Literal["refused", "viewer"] = Field(
        default="refused",
        description="What becomes of somebody whom the proxy or OpenID Connect names and the console does not know "
        "yet: refused, or let in as a viewer.",
    )
    proxy_addresses: Annotated[tuple[str, ...], BeforeValidator(_listed)] = Field(
        default=(),
        description='Reverse proxies in front of the console, such as ["127.0.0.1", "10.0.0.0/8"]. Of them alone '
        "proxy_header and the client's address (x-forwarded-for) are believed.",
    )
    proxy_header: str | None = Field(
        default=None,
        examples=["x-forwarded-user"],
        description="The header in which these proxies name who is signed in there. They must take it away from what "
        "clients send.",
    )
    oidc_issuer: str | None = Field(
        default=None,
        examples=["https://login.example"],
        description="The OpenID provider at which people sign in. It must know PUBLIC_URL/sign-in/oidc/back.",
    )
    oidc_client: str | None = Field(
        default=None, examples=["stillwatch"], description="Our client id, as the OpenID provider gave it."
    )
    oidc_secret_file: HomePath | None = Field(
        default=None,
        examples=["oidc.secret"],
        description="A file with our client's secret (mode 0600), if it has one.",
    )
    oidc_claim: str = Field(
        default="email",
        description="The claim that is a person's name here: email counts where email_verified is true. Where "
        "addresses are given to others later, take sub.",
    )


class ForensicsConfig(_Section):
    """Keys of watermarks and choices, and what evidence is signed with."""

    keys: HomePath = Field(
        default=Path("~/.config/stillwatch/keys"),
        description="The folder of keys that answers are marked with (or $XDG_CONFIG_HOME/stillwatch/keys). Its file "
        "`root` is the one secret that all of them are derived from: keep a copy where nobody works.",
    )
    key_file: HomePath = Field(
        default=Path("~/.config/stillwatch/examiner.pem"),
        description="The Ed25519 key of whoever runs a test (or $XDG_CONFIG_HOME/stillwatch/examiner.pem), made when "
        "it is first needed. A run that is repeated must be repeated with another person's.",
    )
    catalogue: HomePath | None = Field(
        default=None,
        examples=["catalogue.toml"],
        description="The catalogue of choices, which a person reviewed slot by slot. Left out, the one that comes with "
        "stillwatch.",
    )
    planted: HomePath = Field(
        default=Path("~/.local/share/stillwatch/planted.jsonl"),
        description="Where gateways write down which choices were shown to whose accounts (or "
        "$XDG_DATA_HOME/stillwatch/planted.jsonl): hashes, no prompt, no customer.",
    )
    authority: HomePath | None = Field(
        default=None,
        examples=["authority.pem"],
        description="Certificates in PEM of the authority whose time-stamps (RFC 3161) are trusted.",
    )


class Config(_Section):
    """The whole of `stillwatch.toml`."""

    scan: ScanConfig = ScanConfig()
    input: InputConfig = InputConfig()
    profiles: ProfilesConfig = ProfilesConfig()
    pseudonyms: PseudonymsConfig = PseudonymsConfig()
    reviews: ReviewsConfig = ReviewsConfig()
    exchange: ExchangeConfig = ExchangeConfig()
    server: ServerConfig = ServerConfig()
    response: ResponseConfig = ResponseConfig()
    gateway: GatewayConfig = GatewayConfig()
    watch: WatchConfig = WatchConfig()
    forensics: ForensicsConfig = ForensicsConfig()
    console: ConsoleConfig = ConsoleConfig()
