"""What can be wrong on Vault's side, or on the way from there."""

from __future__ import annotations

from receiver.core.causes import Cause
from receiver.core.remedies.remedy import (
    CHECK,
    NOBODY,
    OPERATOR,
    OWNER,
    RETRY,
    SYNC,
    VAULT_ADMIN,
    Remedy,
    Verdict,
)

IN_VAULT: dict[Cause, Remedy] = {
    Cause.DELETED_IN_VAULT: Remedy(
        OWNER,
        "undelete it, or write it anew, if it should be there",
        "Vault holds no live version of it",
        Verdict.GONE,
        why="The current version was deleted, destroyed or has expired. AWS follows "
        "by the rule's on_delete. An older version is never put back instead.",
    ),
    Cause.EVENT_NEVER_SEEN: Remedy(
        VAULT_ADMIN,
        "mend the way from Vault's audit device, as is said beside event",
        "Vault has something newer, and nothing told us",
        command=SYNC,
        then="vault-replicator status",
        why="Vault's version is newer than what was applied, and it is not queued. "
        "The forwarder is away, the audit device is disabled or on another node, the "
        "forwarder's mounts leave this one out (they are globs over "
        "NAMESPACE/MOUNT), or its source is not this receiver's vault.source. The "
        "next reconcile finds it all the same; sync brings it now.",
    ),
    Cause.MOUNT_UNKNOWN: Remedy(
        VAULT_ADMIN,
        "check the mount, and that the token's policy reaches it",
        "Vault has no such KV mount that our token can see",
        command=CHECK,
        then=RETRY,
        why="The mount does not exist, is no KV engine, is in another namespace, or "
        "the policy allows nothing below it: Vault answers all of these alike. "
        "Nothing is deleted in AWS for it.",
    ),
    Cause.NOT_IN_VAULT: Remedy(
        OWNER,
        "check the spelling, or write it",
        "Vault has no secret at this path",
        Verdict.GONE,
        command="vault kv list {folder}",
        why="Vault answered that there is nothing at the path, on a mount that "
        "exists. Paths are told apart by upper and lower case.",
    ),
    Cause.STANDBY_LAGS: Remedy(
        VAULT_ADMIN,
        "point the receiver at the active node",
        "the Vault node that answers is behind",
        Verdict.WAITING,
        why="A standby that serves reads answered with an older version than was "
        "already seen, or said that it is not caught up. An older read is never "
        "believed, so it is asked again. Point vault.address at the active node, by "
        "a health check on sys/health = 200.",
    ),
    Cause.VAULT_FORBIDDEN: Remedy(
        VAULT_ADMIN,
        "give the receiver's token the policy that its rules need",
        "Vault refused our token",
        command="vault-replicator policy vault --config replicator.yaml",
        then=RETRY,
        why="The token is accepted and its policies do not allow the request, or it "
        "has expired. Beside the request stand the capability that it needs and "
        "those that the token has. The policy that is printed is the least that the "
        "rules need; pipe it into vault policy write NAME -.",
    ),
    Cause.VAULT_LOGIN: Remedy(
        VAULT_ADMIN,
        "check the auth method, its role, and the credential given here",
        "Vault gives us no token",
        command=CHECK,
        why="The login by vault.auth was refused, or what it needs (a file, AWS "
        "credentials, the connection secret) is not there or cannot be used. It is "
        "tried again by itself. Nothing is parked for it: all waits for the token.",
    ),
    Cause.VAULT_SEALED: Remedy(
        VAULT_ADMIN,
        "unseal Vault",
        "Vault is sealed, or has no active node",
        command="vault status",
        why="Everything waits in the queue and goes on by itself. Nothing is deleted "
        "in AWS meanwhile.",
    ),
    Cause.VAULT_UNREACHABLE: Remedy(
        VAULT_ADMIN,
        "check network, address and CA",
        "Vault does not answer",
        command=CHECK,
        why="No connection, no answer in time, an untrusted certificate, or a 5xx. "
        "Everything waits in the queue and goes on by itself.",
    ),
    Cause.VAULT_WENT_BACK: Remedy(
        VAULT_ADMIN,
        "check which Vault answers; if it is meant: reconcile --if-plan ID",
        "Vault holds an older version than AWS",
        command="vault-replicator plan --rule {rule}",
        then="vault-replicator reconcile --if-plan ID",
        why="After a snapshot restore, or when vault.address points at another "
        "cluster, many secrets would go back in time. They wait until somebody has "
        "seen the plan.",
    ),
    Cause.VALUE_EMPTY: Remedy(
        OWNER,
        "write the key that the rule's format names",
        "the value has nothing that can be replicated",
        then=RETRY,
        why="The data is null, or the rule's format names a key that is missing, "
        "empty or no string. An empty object is replicated.",
    ),
    Cause.VALUE_TOO_LARGE: Remedy(
        OWNER,
        "split it, or add it to the rule's exclude",
        "the value is larger than AWS can hold",
        then=RETRY,
        why="Secrets Manager holds 65,536 bytes. Every other secret goes on.",
    ),
    Cause.MOUNT_REPLACED: Remedy(
        VAULT_ADMIN,
        "write the secrets again, or let their deletes go by a plan and force",
        "its mount was made anew since it was replicated",
        command="vault-replicator plan --rule {rule}",
        then="vault-replicator reconcile --force",
        why="That a secret is not on the new mount does not mean that anybody "
        "deleted it, so its delete in AWS is held.",
    ),
    Cause.EMPTY_LISTING: Remedy(
        VAULT_ADMIN,
        "check that the mount is meant to be empty",
        "the mount lists no secret at all, so deletes are held",
        command="vault-replicator plan --rule {rule}",
        then="vault-replicator reconcile --force",
        why="An empty listing is more often a policy or a mount that was made anew "
        "than a wish to delete everything.",
    ),
    Cause.PAUSED: Remedy(
        OPERATOR,
        "resume when the reason is gone",
        "replication is paused",
        Verdict.WAITING,
        command="vault-replicator resume",
        why="Somebody paused the rule, or all rules, with a reason and an end. "
        "Events are queued, nothing is written.",
    ),
    Cause.IN_SYNC: Remedy(
        NOBODY,
        "nothing",
        "AWS holds what Vault says",
        Verdict.IN_SYNC,
        why="If an application reads something else, it looks at another name, "
        "Region or account than the one named beside aws, or keeps what it read "
        "before.",
    ),
}
