"""``replicator.yaml``: what is taken, what is refused, and that no value is told."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from receiver.core.rules import Rule, TargetSpec
from receiver.core.state import Replica
from receiver.settings import Settings, load_settings, schema
from vault_audit_forwarder.program.config_file import ConfigError, HostPort
from vault_audit_forwarder.signing import new_key

Load = Callable[..., Settings]

COMPLETE = """
listen: 0.0.0.0:8080
tls: {cert_file: tls.crt, key_file: tls.key, client_ca_file: ca.crt}
vault:
  address: ${VAULT_ADDR:-https://vault.internal:8200}
  source: vault-prod
  auth: {method: token, token_file: /run/secrets/vault-token}
  ca_file: ca.pem
  namespace: team/a
  timeout: 2s
aws: {region: eu-central-1, endpoint_url: null,
      role_arn: "arn:aws:iam::111111111111:role/replicator", external_id: agreed}
webhook: {signing_keys: ["${WEBHOOK_SIGNING_KEY}"], tolerance: 5m}
admin:
  tokens: [{name: oncall, scope: admin, token_file: /run/secrets/admin-token}]
fingerprint: {key_files: [/run/secrets/fingerprint-key]}
rules:
  - name: hybrid
    namespace: ""
    mount: hybrid-aws-secrets
    include: ["**"]
    exclude: ["tmp/**"]
    opt_in: false
    target:
      name: "{mount}/{path}"
      format: json
      description: null
      kms_key_id: null
      tags: {team: platform}
      replica_regions: [eu-west-1, {region: eu-west-2, kms_key_id: alias/copies}]
      on_delete: schedule
      recovery_window_days: 30
      region: null
      role_arn: null
      external_id: null
  - name: plain
    namespace: "team/**"
    mount: kv
    target:
      name: "{namespace}/{rule}/{path}"
      format: {key: password}
      on_delete: retain
      region: eu-west-1
      role_arn: arn:aws-cn:iam::222222222222:role/path/re@plicator
      external_id: "12:34/56"
queue: {kind: sqlite, path: state.db}
reconcile: {interval: 30m, at_start: true, v1_interval: 6h, max_delete_percent: 10,
            max_delete_count: 50, max_delete_floor: 10}
limits: {writes_per_second: 20, vault_reads_per_second: 200, versions_per_day: 60}
notify: []
metrics: null
workers: 4
log_level: debug
"""


def test_every_key(tmp_path: Path) -> None:
    """A file with every key of this version is taken, and becomes rules."""
    path = tmp_path / "replicator.yaml"
    path.write_text(COMPLETE)
    settings = load_settings(path, {"WEBHOOK_SIGNING_KEY": new_key()})

    assert settings.listen == HostPort("0.0.0.0", 8080)
    assert settings.vault.address == "https://vault.internal:8200"
    assert settings.vault.timeout == 2.0
    assert settings.queue.path == tmp_path / "state.db"
    assert settings.tls is not None
    assert settings.tls.cert_file == tmp_path / "tls.crt"
    assert settings.to_rules() == (
        Rule(
            name="hybrid",
            mount="hybrid-aws-secrets",
            exclude=("tmp/**",),
            target=TargetSpec(
                tags={"team": "platform"},
                replicas=(Replica("eu-west-1"), Replica("eu-west-2", "alias/copies")),
                region="eu-central-1",
                role_arn="arn:aws:iam::111111111111:role/replicator",
                external_id="agreed",
            ),
        ),
        Rule(
            name="plain",
            namespace="team/**",
            mount="kv",
            target=TargetSpec(
                name="{namespace}/{rule}/{path}",
                format_key="password",
                on_delete="retain",
                region="eu-west-1",
                role_arn="arn:aws-cn:iam::222222222222:role/path/re@plicator",
                external_id="12:34/56",
            ),
        ),
    )


def test_defaults(load: Load) -> None:
    """What is left out has the documented value."""
    settings = load()

    here = TargetSpec(region="eu-central-1")
    assert settings.to_rules() == (Rule(name="hybrid", mount="kv", target=here),)
    assert settings.webhook.tolerance == 300.0
    assert (settings.reconcile.interval, settings.reconcile.at_start) == (1800.0, True)
    assert settings.limits.writes_per_second == 20
    assert settings.limits.vault_reads_per_second == 200
    assert (settings.admin.tokens, settings.metrics, settings.tls) == ((), None, None)
    assert (settings.workers, settings.log_level) == (8, "info")
    assert settings.warnings() == []


def test_an_interval_of_never(load: Load) -> None:
    """The schedule can be left to others."""
    assert load({"reconcile.interval": "never"}).reconcile.interval is None


@pytest.mark.parametrize(
    ("address", "warned"),
    [
        ("http://127.0.0.1:8200", False),
        ("http://localhost:8200/", False),
        ("http://[::1]:8200", False),
        ("https://vault.internal", False),
        ("http://vault.internal:8200", True),
    ],
)
def test_plain_http_is_warned_of(load: Load, address: str, warned: bool) -> None:
    """Vault over http is taken, and off the machine it is warned of."""
    settings = load({"vault.address": address})

    assert bool(settings.warnings()) is warned
    assert settings.vault.address == address.rstrip("/")


REQUIRED = [
    "listen",
    "vault.address",
    "vault.source",
    "vault.auth",
    "vault.auth.token_file",
    "aws.region",
    "fingerprint.key_files",
    "rules",
    "rules.0.name",
    "rules.0.mount",
    "queue",
    "queue.path",
]


@pytest.mark.parametrize("where", REQUIRED)
def test_required(load: Load, where: str) -> None:
    """A required key that is missing is named."""
    with pytest.raises(ConfigError, match="is required"):
        load({where: ...})


NOT_YET: list[tuple[str, Any]] = [
    ("queue", {"kind": "sqs", "url": "u", "table": "t"}),
]


@pytest.mark.parametrize(("where", "value"), NOT_YET)
def test_what_is_not_built_is_refused(load: Load, where: str, value: Any) -> None:
    """A key of something not built yet is never ignored, and nothing else is said."""
    with pytest.raises(ConfigError, match="not available in this version") as caught:
        load({where: value})
    assert len(caught.value.problems) == 1


METHODS: list[dict[str, Any]] = [
    {"method": "token", "token_file": "t"},
    {"method": "approle", "role_id_file": "a", "secret_id_file": "b"},
    {"method": "kubernetes", "role": "r"},
    {"method": "kubernetes", "role": "r", "jwt_file": "j", "mount": "k8s/eu"},
    {"method": "jwt", "role": "r", "jwt_file": "j"},
    {"method": "aws", "role": "r", "region": "us-gov-west-1", "header": "vault.x"},
    {"method": "cert", "cert_file": "c", "key_file": "k", "role": "r"},
    {"method": "secrets_manager", "secret_id": "hybrid/vault-connection"},
]


@pytest.mark.parametrize("auth", METHODS, ids=str)
def test_each_way_to_log_in_is_taken(load: Load, auth: dict[str, Any]) -> None:
    """With its required keys alone, and the mount of the name of the method."""
    taken = load({"vault.auth": auth}).vault.auth

    assert taken.method == auth["method"]
    expected = auth.get("mount", auth["method"])
    assert getattr(taken, "mount", expected) == expected


ROLE = "arn:aws:iam::222222222222:role/replicator"
OTHER_ROLE = "arn:aws:iam::333333333333:role/replicator"

WRONG: list[tuple[str, Any, str]] = [
    ("vault.auth", {"method": "aprole"}, "method: must be token | approle"),
    ("vault.auth", {"method": "approle", "role_id_file": "a"}, "secret_id_file"),
    ("vault.auth", {"method": "jwt", "role": "r", "jwt": "e.y.J"}, "jwt_file"),
    (
        "vault.auth",
        {"method": "jwt", "role": "r", "jwt_file": "j", "mount": "jwt/"},
        "without slashes",
    ),
    ("listen", "8080", "HOST:PORT"),
    ("vault.adress", "x", "Did you mean address"),
    ("vault.address", "vault.example:8200", "must be a URL"),
    ("vault.address", "https://u:p@vault", "no user or password"),
    ("vault.address", "https://vault?x=1", "must be a URL"),
    ("vault.source", "a/b", "form"),
    ("vault.namespace", "/team/", "slashes"),
    ("vault.auth", {"method": "magic"}, "method"),
    ("vault.timeout", "0s", "longer"),
    ("aws.endpoint_url", "ftp://x", "must be a URL"),
    ("aws.role_arn", "arn:aws:iam::1:role/r", "form"),
    ("aws.role_arn", "arn:aws:iam::123456789012:user/r", "form"),
    ("aws.external_id", "agreed", "external_id needs the role_arn"),
    ("webhook", {}, "signing_keys or signing_key_files"),
    ("webhook.signing_keys", ["whsec_short"], "base64|bytes"),
    ("webhook.tolerance", 300, "unit"),
    ("fingerprint.key_files", [], "at least 1"),
    ("admin.tokens", [{"name": "a", "scope": "root", "token_file": "t"}], "read"),
    ("rules", [], "at least 1"),
    ("rules.0.mount", "kv/", "slashes"),
    ("rules.0.mount", "", "empty"),
    ("rules.0.name", "a b", "form"),
    ("rules.0.include", [], "at least 1"),
    ("rules.0.include", ["/a"], "slashes"),
    ("rules.0.exclude", [""], "empty"),
    ("rules.0.target.name", "{mount}/{key}", "unknown placeholder"),
    ("rules.0.target.name", "{path!r}", "unknown placeholder"),
    ("rules.0.target.name", "{path", "partner"),
    ("rules.0.target.name", "{mount}", r"must hold \{path\}"),
    ("rules.0.target.name", "ä/{path}", "AWS refuses"),
    ("rules.0.target.format", "yaml", "json"),
    ("rules.0.target.format", {"key": ""}, "at least 1"),
    ("rules.0.target.on_delete", "keep", "retain | schedule | force"),
    ("rules.0.target.on_delte", "retain", "Did you mean on_delete"),
    ("rules.0.target.recovery_window_days", 6, "at least 7"),
    ("rules.0.target.recovery_window_days", 31, "at most 30"),
    ("rules.0.target.replica_regions", "eu-west-1", "list"),
    ("rules.0.target.replica_regions", ["Ireland"], "form"),
    ("rules.0.target.replica_regions", [{"region": "eu west 1"}], "form"),
    ("rules.0.target.replica_regions", [{"kms_key_id": "k"}], "region: is required"),
    ("rules.0.target.replica_regions", [{"regoin": "r"}], "Did you mean region"),
    ("rules.0.target.replica_regions", ["eu-west-1", "eu-west-1"], "twice"),
    (
        "rules.0.target.replica_regions",
        ["eu-west-1", {"region": "eu-west-1", "kms_key_id": "k"}],
        "twice",
    ),
    ("rules.0.target.replica_regions", ["eu-central-1"], "the Region that the rule"),
    ("rules.0.target.role_arn", "replicator", "form"),
    (
        "rules.0.target",
        {"role_arn": ROLE, "external_id": "x"},
        "at least 2",
    ),
    ("rules.0.target.external_id", "agreed", "external_id needs the role_arn"),
    ("rules.0.target.tags", {"aws:x": "y"}, "set by others"),
    ("rules.0.target.tags", {"managed-by": "me"}, "set by others"),
    ("rules.0.target.tags", {"vault-seal": "x"}, "set by others"),
    ("rules.0.target.tags", {"a": "b*"}, "may hold"),
    ("rules.0.target.tags", {"a": "b\n"}, "may hold"),
    ("rules.0.target.tags", {"": "b"}, "1 to 128"),
    ("rules.0.target.tags", {"k" * 129: "b"}, "1 to 128"),
    ("rules.0.target.tags", {"k": "v" * 257}, "up to 256"),
    ("rules.0.target.tags", {f"k{n}": "v" for n in range(46)}, "45 tags"),
    ("rules.0.target.tags", {"k": 42}, "quote"),
    ("rules.0", {"name": "r", "mount": "*"} | {"target": {"name": "{path}"}}, "mount"),
    ("reconcile.interval", "sometimes", "duration"),
    ("reconcile.v1_interval", "0s", "longer"),
    ("reconcile.max_delete_percent", 101, "at most 100"),
    ("reconcile.max_delete_count", -1, "at least 0"),
    ("reconcile.max_delete_floor", -1, "at least 0"),
    ("limits.writes_per_second", 0, "greater than"),
    ("workers", 0, "at least 1"),
    ("log_level", "loud", "debug"),
]


@pytest.mark.parametrize(("where", "value", "says"), WRONG)
def test_what_is_wrong_is_refused(
    load: Load, where: str, value: Any, says: str
) -> None:
    """A wrong value is refused at its place, with what would be right."""
    with pytest.raises(ConfigError, match=says) as caught:
        load({where: value})
    key = where.split(".")[0]
    assert all(f": {key}" in problem for problem in caught.value.problems)


def test_good_tags(load: Load) -> None:
    """Letters of any script, digits, spaces and AWS's signs are taken."""
    tags = {"Team Größe": "a_b.c:d/e=f+g-h@i 東京", "n": ""}

    assert load({"rules.0.target.tags": tags}).to_rules()[0].target.tags == tags


OTHER = {"name": "other", "mount": "kv"}


@pytest.mark.parametrize(
    ("rules", "says"),
    [
        ([{"name": "a", "mount": "x"}, {"name": "a", "mount": "y"}], "the same name"),
        ([{"name": "a", "mount": "k*"}, OTHER], r"rules\[0\] and rules\[1\] can match"),
        (
            [{"name": "a", "mount": "kv", "target": {"region": "eu-central-1"}}, OTHER],
            "can match",
        ),
        (
            [
                {"name": "a", "mount": "kv", "target": {"role_arn": ROLE}},
                OTHER | {"target": {"role_arn": ROLE, "external_id": "agreed"}},
            ],
            "can match",
        ),
    ],
)
def test_rules_that_meet(load: Load, rules: list[Any], says: str) -> None:
    """Two rules of one name, or for one secret in one Region, are refused by place."""
    with pytest.raises(ConfigError, match=says):
        load({"rules": rules})


@pytest.mark.parametrize(
    "rules",
    [
        [
            {"name": "a", "mount": "kv", "exclude": ["x/**"]},
            OTHER | {"include": ["x/*"]},
        ],
        [{"name": "a", "mount": "kv", "target": {"region": "eu-west-1"}}, OTHER],
        [{"name": "a", "mount": "kv", "target": {"role_arn": ROLE}}, OTHER],
        [
            {"name": "a", "mount": "kv", "target": {"role_arn": ROLE}},
            OTHER | {"target": {"role_arn": OTHER_ROLE}},
        ],
    ],
)
def test_rules_that_keep_apart(load: Load, rules: list[Any]) -> None:
    """Rules for different secrets, Regions or accounts are taken."""
    assert len(load({"rules": rules}).to_rules()) == 2


def test_a_rule_that_names_the_role_of_all(load: Load) -> None:
    """It goes where the others go, and so must not meet them."""
    named = {"name": "a", "mount": "kv", "target": {"role_arn": ROLE}}
    with pytest.raises(ConfigError, match="can match"):
        load({"aws.role_arn": ROLE, "rules": [named, OTHER]})


def test_a_role_keeps_its_own_external_id(load: Load) -> None:
    """That of the whole installation is agreed on for another role."""
    named = {"name": "a", "mount": "x", "target": {"role_arn": OTHER_ROLE}}
    changes = {"aws.role_arn": ROLE, "aws.external_id": "agreed"}
    own, inherited = load(changes | {"rules": [named, OTHER]}).to_rules()

    assert (own.target.role_arn, own.target.external_id) == (OTHER_ROLE, None)
    assert (inherited.target.role_arn, inherited.target.external_id) == (
        ROLE,
        "agreed",
    )
    assert inherited.target.account == ("eu-central-1", ROLE)


def test_a_copy_beside_the_region_of_its_rule(load: Load) -> None:
    """The Region of the others is free for copies where a rule has its own."""
    target = {"region": "eu-west-1", "replica_regions": ["eu-central-1"]}
    (rule,) = load({"rules.0.target": target}).to_rules()
    assert rule.target.replicas == (Replica("eu-central-1"),)

    target = {"region": "eu-west-1", "replica_regions": ["eu-west-1"]}
    with pytest.raises(ConfigError, match=r"rules\[0\].target.replica_regions"):
        load({"rules.0.target": target})


def test_two_tokens_of_one_name(load: Load) -> None:
    """What is written down under a token's name must have one owner."""
    token = {"name": "ci", "scope": "sync", "token_file": "t"}
    with pytest.raises(ConfigError, match="same name"):
        load({"admin.tokens": [token, token]})


CANARY = "s3cr3t-canary-value"


@pytest.mark.parametrize(
    "where", sorted({where for where, *_ in WRONG} | set(REQUIRED))
)
@pytest.mark.parametrize("value", [CANARY, [CANARY], {"x": CANARY}, {"key": CANARY}])
def test_no_value_is_told(load: Load, where: str, value: Any) -> None:
    """Wherever a secret slips in, no message repeats it."""
    assert CANARY not in _complaint(load, {where: value})


def _complaint(load: Load, changes: dict[str, Any]) -> str:
    try:
        load(changes)
    except ConfigError as error:
        return f"{error} {error!r}"
    return ""


def test_an_inline_key_has_no_repr(load: Load) -> None:
    """The settings can be printed without telling a signing key."""
    key = new_key()
    settings = load({"webhook": {"signing_keys": ["${KEY}"]}}, KEY=key)

    assert key not in repr(settings)
    assert key not in str(settings.model_dump())


def test_schema() -> None:
    """The schema describes every key, and admits references to the environment."""
    found = schema()

    assert set(found["properties"]) == set(Settings.model_fields)
    assert found["additionalProperties"] is False
    assert "pattern" in str(found["properties"]["workers"])
