"""What the rules do not cover, or do not agree on."""

from __future__ import annotations

from receiver.core.causes import Cause
from receiver.core.remedies.remedy import (
    NOBODY,
    OPERATOR,
    OWNER,
    PLAN,
    RETRY,
    VAULT_ADMIN,
    Remedy,
    Verdict,
)

OF_RULES: dict[Cause, Remedy] = {
    Cause.EXCLUDED: Remedy(
        OPERATOR,
        "take it out of the rule's exclude, or add it to include",
        "a rule covers its mount and leaves this path out",
        Verdict.LEFT_OUT,
        why="Globs are over the path inside the mount: ** crosses slashes, * and ? "
        "do not. After a change, reload the receiver with SIGHUP.",
    ),
    Cause.MANY_REWRITES: Remedy(
        VAULT_ADMIN,
        "check the rule; if it is meant: reconcile --if-plan ID",
        "an edit of the rule would rewrite many secrets",
        command=PLAN,
        then="vault-replicator reconcile --if-plan ID",
        why="More of a rule's secrets than max_delete_percent would get another "
        "value though Vault has nothing new.",
    ),
    Cause.NAME_IMPOSSIBLE: Remedy(
        OWNER,
        "shorten the path, or change the template",
        "AWS can hold no secret of this name",
        then=RETRY,
        why="Names have up to 512 characters. Every byte that AWS does not take is "
        "written as three.",
    ),
    Cause.NAME_TAKEN: Remedy(
        OWNER,
        "let the rule's name tell these two apart, or move one of them",
        "the name belongs to another secret of Vault's",
        then=RETRY,
        why="Two references meet in one name, as when target.name leaves out the "
        "mount or the namespace. The first one keeps it.",
    ),
    Cause.NO_RULE: Remedy(
        VAULT_ADMIN,
        "prune it, release it, or mend the rules",
        "no rule speaks for it",
        Verdict.LEFT_OUT,
        why="No rule covers the namespace and mount. What an earlier rule left in "
        "AWS is orphaned: listed, and deleted only by reconcile --prune.",
    ),
    Cause.OPTED_OUT: Remedy(
        OWNER,
        "prune it, or let it be replicated again",
        "its owner keeps it out",
        Verdict.LEFT_OUT,
        command="vault kv metadata patch -custom-metadata=replicate=true {place}",
        why='custom_metadata says replicate="false"; or the rule has opt_in and it '
        'does not say replicate="true".',
    ),
    Cause.RELEASED: Remedy(
        NOBODY,
        "adopt it, should Vault speak for it again",
        "it was let go: AWS keeps it and we leave it alone",
        Verdict.LEFT_OUT,
        command="vault-replicator adopt {secret}",
        why="Somebody ordered release; the tag vault-released says so in AWS.",
    ),
    Cause.RULES_OVERLAP: Remedy(
        VAULT_ADMIN,
        "exclude from one of the rules what the other includes",
        "two rules speak for it, so neither acts",
        then=RETRY,
        why="Both would write one secret in one account and Region.",
    ),
}
