"""What a configuration file may say, and how its mistakes are reported."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import pytest
from pydantic import Field, field_validator

from vault_audit_forwarder.program.config_file import (
    ConfigError,
    ConfigModel,
    ConfigPath,
    Duration,
    FileMode,
    HostPort,
    Listen,
    NotYet,
    load,
)


class Key(ConfigModel):
    key: str


class Token(ConfigModel):
    method: Literal["token"]
    token_file: ConfigPath


class AppRole(ConfigModel):
    method: Literal["approle"]
    role_id_file: ConfigPath


class Target(ConfigModel):
    name: str = "{mount}/{path}"
    format: Literal["json"] | Key = "json"
    on_delete: Literal["retain", "schedule", "force"] = "schedule"
    role_arn: Annotated[str | None, NotYet(None)] = None


class Rule(ConfigModel):
    name: str
    include: list[str] = Field(default=["**"], min_length=1)
    target: Target = Target()


class Whole(ConfigModel):
    source: str
    count: int = 4
    on: bool = True
    interval: Literal["never"] | Duration = 3.0
    listen: Listen | None = None
    mode: FileMode = 0o660
    auth: Annotated[Token | AppRole, Field(discriminator="method")] | None = None
    rules: list[Rule] = []  # noqa: RUF012  # a pydantic default is copied
    note: str = ""

    @field_validator("note")
    @classmethod
    def _tell_tale(cls, value: str) -> str:
        if value:
            raise ValueError(f"{value} is what was written")
        return value


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "replicator.yaml"


def problems(file: Path, text: str, **env: str) -> list[str]:
    """The problem lines without the path in front of them."""
    file.write_text(text)
    with pytest.raises(ConfigError) as caught:
        load(file, Whole, env=env)
    for line in caught.value.problems:
        assert line.startswith(f"{file}:")
    return [line.removeprefix(f"{file}:") for line in caught.value.problems]


def test_every_kind_of_value_is_read(file: Path) -> None:
    """Durations are seconds, modes are permission bits, paths are beside the file."""
    file.write_text(
        "source: a\n"
        "interval: 6h\n"
        'mode: "0640"\n'
        'listen: "[::1]:9090"\n'
        "auth: {method: token, token_file: keys/token}\n"
        "rules:\n"
        '- {name: hybrid, include: ["**"], target: {name: "{mount}/{path}"}}\n'
    )
    whole = load(file, Whole, env={})

    assert whole.interval == 6 * 3600
    assert whole.mode == 0o640
    assert whole.listen == HostPort("::1", 9090)
    assert str(whole.listen) == "[::1]:9090"
    assert whole.auth == Token(
        method="token", token_file=file.parent / "keys" / "token"
    )


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("500ms", 0.5),
        ("30s", 30),
        ("5m", 300),
        ("1.5h", 5400),
        ("7d", 604800),
        ("0", 0),
    ],
)
def test_durations_carry_their_unit(file: Path, text: str, seconds: float) -> None:
    """Each unit is understood; only nothing needs none."""
    file.write_text(f"source: a\ninterval: {text}\n")

    assert load(file, Whole, env={}).interval == seconds


def test_the_environment_fills_any_scalar(file: Path) -> None:
    """Text from the environment becomes a number, a switch or a duration."""
    file.write_text(
        "source: vault-${STAGE}\ncount: ${N}\non: ${ON}\ninterval: ${EVERY:-5m}\n"
        'rules: [{name: "${EMPTY:-hybrid}"}]\n'
    )
    env = {"STAGE": "prod", "N": "7", "ON": "false", "EMPTY": ""}
    whole = load(file, Whole, env=env)

    assert (whole.source, whole.count, whole.on) == ("vault-prod", 7, False)
    assert whole.interval == 300
    assert whole.rules[0].name == "hybrid"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ["1:1: must hold keys and values"]),
        ("- a\n", ["1:1: must hold keys and values"]),
        ("count: 3\n", ["1:1: source: is required"]),
        ("source:\n", ["1:8: source: must be text, and nothing stands here"]),
        ("source: on\n", ["1:9: source: must be text: quote it"]),
        ("source: [a]\n", ["1:9: source: must be text"]),
        ("source: a\ncount: b\n", ["2:8: count: must be a whole number"]),
        ("source: a\non: b\n", ["2:5: on: must be true or false"]),
        ("source: a\nrules: b\n", ["2:8: rules: must be a list"]),
        ("source: a\nrules: [b]\n", ["2:9: rules[0]: must hold keys and values"]),
        (
            "source: a\nrules: [{name: b, include: []}]\n",
            ["2:28: rules[0].include: must have entries, at least 1"],
        ),
        (
            "source: a\ninterval: 30\n",
            [
                "2:11: interval: must be never, or must be a duration with its unit: "
                "500ms, 30s, 5m, 6h or 7d"
            ],
        ),
        (
            "source: a\nlisten: 9090\n",
            ["2:9: listen: must be HOST:PORT, as in 127.0.0.1:9090 or [::]:9090"],
        ),
        (
            "source: a\nlisten: host:99999\n",
            ["2:9: listen: must be HOST:PORT, as in 127.0.0.1:9090 or [::]:9090"],
        ),
        (
            "source: a\nmode: 0660\n",
            ['2:7: mode: must be a file mode written as text: quote it, as in "0660"'],
        ),
        (
            "source: a\nauth: {method: aws}\n",
            ["2:16: auth.method: must be token | approle"],
        ),
        ("source: a\nauth: {}\n", ["2:1: auth.method: is required"]),
        (
            "source: a\nauth: {method: token, tokenfile: /x}\n",
            [
                "2:1: auth.token_file: is required",
                "2:23: auth.tokenfile: unknown key. Did you mean token_file?",
            ],
        ),
        (
            "source: a\nrules:\n- name: b\n  target:\n    on_delte: force\n",
            [
                "5:5: rules[0].target.on_delte: unknown key. "
                "Did you mean on_delete (retain | schedule | force)?"
            ],
        ),
        (
            "source: a\nrules:\n- name: b\n  target: {format: {kye: c}}\n",
            [
                "4:12: rules[0].target.format.key: is required",
                "4:20: rules[0].target.format: must be json",
                "4:21: rules[0].target.format.kye: unknown key. Did you mean key?",
            ],
        ),
        (
            "source: a\nrules:\n- {name: b, target: {role_arn: arn}}\n",
            ["3:32: rules[0].target.role_arn: is not available in this version"],
        ),
        (
            "source: a\ncount: 1\nsource: b\n",
            ["3:1: source: is given twice; the first is on line 1"],
        ),
        (
            "source: a\nrules:\n- {name: b, name: c}\n",
            ["3:13: rules[0].name: is given twice; the first is on line 3"],
        ),
        ("source: ${NO}\n", ["1:9: source: the environment variable NO is not set"]),
        (
            "source: ${1}\n",
            ["1:9: source: holds a ${ that is not ${NAME} or ${NAME:-text}"],
        ),
        (
            "source: a\nrules: [{name: b, include: [**]}]\n",
            ['2:30: a value that starts with * must be quoted: "**"'],
        ),
        (
            "source: a\nrules: [{name: b, include: [*c]}]\n",
            ['2:29: a value that starts with * must be quoted: "**"'],
        ),
        (
            "source: a\nnote: {mount}/{path}\n",
            ['2:14: a value that starts with { must be quoted: "{mount}/{path}"'],
        ),
        (
            "source: a\nnote: {mount}\n",
            [
                "2:7: note: must be text: quote a value that starts with {, "
                'as in "{mount}/{path}"'
            ],
        ),
        ("source:\n\ta: 1\n", ["2:1: a tab cannot indent: use spaces"]),
        (
            "source: @a\n",
            ["1:9: a value that starts with this character must be quoted"],
        ),
        (
            "source: a: b\n",
            [
                "1:10: a colon stands where none can: check the indentation, "
                "or quote the value"
            ],
        ),
        ("source: !env A\n", ["1:9: source: cannot be read as written: quote it"]),
        ("source: 2024-99-99\n", ["1:9: source: cannot be read as written: quote it"]),
        ("source: a\n---\nb: c\n", ["2:1: only one YAML document is allowed"]),
        (
            "source: 'a\n",
            [
                "2:1: is not valid YAML: check the indentation, quotes and brackets "
                "around it"
            ],
        ),
        ("source: a\x01\n", ["1:10: holds a character that YAML does not allow"]),
        ("source: a\n[b]: c\n", ["2:1: a key must be text"]),
    ],
)
def test_mistakes_are_named_where_they_stand(
    file: Path, text: str, expected: list[str]
) -> None:
    """Line, column and path are those of the mistake, and the words say what to do."""
    assert problems(file, text) == expected


def test_all_problems_are_reported_at_once_in_file_order(file: Path) -> None:
    """Nobody has to run the program once for each mistake."""
    found = problems(file, "source: [a]\ncount: b\nnonsense: c\ninterval: soon\n")

    assert [line.split(":")[0] for line in found] == ["1", "2", "3", "4"]


def test_an_anchor_that_holds_itself_is_refused(file: Path) -> None:
    """A file that would unfold for ever is a problem, not a crash."""
    (found,) = problems(file, "source: a\nrules: &a [*a]\n")

    assert found.endswith("is nested too deeply")


CANARY = "hvs.CANARY-5f1c0e8b7a"


@pytest.mark.parametrize(
    "text",
    [
        "source: [{canary}]\n",
        "source: a\ncount: {canary}\n",
        "source: a\non: {canary}\n",
        "source: a\ninterval: {canary}\n",
        "source: a\nlisten: {canary}\n",
        "source: a\nmode: {canary}\n",
        "source: a\nauth: {canary}\n",
        "source: a\nauth: {{method: {canary}}}\n",
        "source: a\nunknown: {canary}\n",
        "source: a\nrules: [{{name: b, target: {{format: {canary}}}}}]\n",
        "source: a\nrules: [{{name: b, target: {{role_arn: {canary}}}}}]\n",
        "source: a\nnote: {canary}\n",
        "source: a\nnote: ${{SECRET}}\n",
        "source: a\ncount: ${{SECRET}}\n",
        "source: a\nlisten: ${{SECRET}}\n",
        "source: a\nlisten: x${{SECRET}}y\n",
        "source: '{canary}\n",
        "source: *{canary}\n",
        "source: !{canary} a\n",
        'source: "\\{canary}"\n',
        "source: a\nsource: {canary}\n",
        "source: a: {canary}\n",
        "{canary}\n",
        "source: a\n{canary}: b\n",
    ],
)
def test_no_error_repeats_a_value(file: Path, text: str) -> None:
    """Neither what the file holds nor what the environment holds is in any problem."""
    found = problems(file, text.format(canary=CANARY), SECRET=CANARY)

    assert found
    assert "CANARY" not in "".join(found)


def test_the_rejected_input_is_not_in_the_chain_of_causes(file: Path) -> None:
    """A traceback of the error would print its cause, so there is none."""
    file.write_text(f"source: a\ncount: {CANARY}\n")
    with pytest.raises(ConfigError) as caught:
        load(file, Whole, env={})

    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    """The message has the path and the system's reason."""
    missing = tmp_path / "missing.yaml"
    with pytest.raises(ConfigError) as caught:
        load(missing, Whole, env={})

    assert str(caught.value) == (
        f"{missing}: cannot be read (No such file or directory)"
    )


def test_a_file_that_is_not_text_is_refused(file: Path) -> None:
    """Bytes that are no UTF-8 are a problem of the first line."""
    file.write_bytes(b"source: \xff\n")
    with pytest.raises(ConfigError) as caught:
        load(file, Whole, env={})

    assert caught.value.problems == [f"{file}:1:1: is not text (UTF-8)"]
