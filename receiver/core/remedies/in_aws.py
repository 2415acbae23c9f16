"""What can be wrong on AWS's side."""

from __future__ import annotations

from receiver.core.causes import Cause
from receiver.core.remedies.remedy import (
    AWS_ADMIN,
    CHECK,
    NOBODY,
    RETRY,
    SYNC,
    Remedy,
    Verdict,
)

_ADOPT = "vault-replicator adopt {secret}"

IN_AWS: dict[Cause, Remedy] = {
    Cause.AWS_DENIED: Remedy(
        AWS_ADMIN,
        "allow the action that is named, below the prefix",
        "AWS refused the call",
        command="vault-replicator policy aws --config replicator.yaml",
        then=RETRY,
        why="The role lacks the action, a service control policy or a permissions "
        "boundary denies it, or it cannot be assumed. The policy that is printed is "
        "the least that the rules need. When several secrets in a row are denied, "
        "one fault is shown and the others wait.",
    ),
    Cause.AWS_REFUSED: Remedy(
        AWS_ADMIN,
        "correct what AWS names, then retry",
        "AWS does not take the request",
        then=RETRY,
        why="An error that trying again does not help against, by its code. "
        "CloudTrail has AWS's own words under the request id.",
    ),
    Cause.AWS_THROTTLED: Remedy(
        NOBODY,
        "tried again with backoff",
        "AWS throttles us",
        Verdict.WAITING,
        why="The account's quota is shared with everybody in it. If it stays so, "
        "lower limits.writes_per_second, or find out who else calls Secrets Manager.",
    ),
    Cause.AWS_UNREACHABLE: Remedy(
        AWS_ADMIN,
        "check network, endpoint and credentials",
        "AWS does not answer",
        command=CHECK,
        why="No connection, no answer in time, no credentials or expired ones, or a "
        "5xx. Everything waits in the queue and goes on by itself.",
    ),
    Cause.CONFLICT_FOREIGN: Remedy(
        AWS_ADMIN,
        "a secret of this name is not ours: adopt it, or change the rule",
        "a secret of this name exists in AWS and is not ours",
        command=_ADOPT,
        why="It was not made by a replicator, so it is left alone. adopt makes "
        "Vault's value the current version; what stood there becomes the one before. "
        "One whose tag managed-by names somebody else has to lose that tag first.",
    ),
    Cause.CONFLICT_SOURCE: Remedy(
        AWS_ADMIN,
        "give each replicator a prefix of its own, or adopt it here",
        "another replicator writes this secret",
        command=_ADOPT,
        why="Its tag vault-source names another Vault. Two that write one secret "
        "would take turns for ever.",
    ),
    Cause.DRIFTED: Remedy(
        NOBODY,
        "put back; find out who edits it in AWS",
        "it was changed by hand in AWS",
        Verdict.WAITING,
        command=SYNC,
        why="AWS is not what we made of it last. It is put back by the next event, "
        "the next reconcile, or sync. CloudTrail names who did it.",
    ),
    Cause.KMS_DENIED: Remedy(
        AWS_ADMIN,
        "allow this role to use the key in its key policy",
        "AWS refused the key",
        command="vault-replicator policy aws --config replicator.yaml --statement kms",
        then=RETRY,
        why="Writing takes kms:GenerateDataKey, and kms:Decrypt for a repeated call, "
        "by way of Secrets Manager; a change of the key kms:Encrypt as well. The key "
        "may also be disabled, or about to be deleted.",
    ),
    Cause.NAME_STILL_TAKEN: Remedy(
        NOBODY,
        "AWS gives the name free within minutes",
        "AWS still holds the name of a secret that was deleted",
        Verdict.WAITING,
        why="After a delete at once, AWS keeps the name for a while.",
    ),
    Cause.PENDING_DELETE: Remedy(
        NOBODY,
        "restored by itself once Vault has it again",
        "its deletion is scheduled in AWS",
        Verdict.GONE,
        command=SYNC,
        why="Vault deleted the secret and on_delete is schedule, or somebody "
        "scheduled it in AWS. Until the recovery window ends, a new version in "
        "Vault, an undelete or sync restores it.",
    ),
    Cause.REPLICA_FAILED: Remedy(
        AWS_ADMIN,
        "mend what AWS names in the replica's Region",
        "AWS could not make the copy in another Region",
        then=RETRY,
        why="NAME_EXISTS: another secret has the name there; it is never "
        "overwritten. KMS_KEY: the key of that Region cannot be used.",
    ),
    Cause.ROTATION_ON: Remedy(
        AWS_ADMIN,
        "turn rotation off, or change the rule's name",
        "AWS rotates this secret, or a service owns it",
        then=RETRY,
        why="Rotation makes versions of its own, so both would overwrite each other.",
    ),
    Cause.VERSION_BUDGET: Remedy(
        NOBODY,
        "the newest value follows when it is due",
        "it has had its versions for today",
        Verdict.WAITING,
        why="Secrets Manager keeps about a hundred versions and removes none that is "
        "younger than a day. After limits.versions_per_day further ones are spread "
        "out; only the newest value is written then.",
    ),
    Cause.VERSION_ID_TAKEN: Remedy(
        AWS_ADMIN,
        "somebody writes our version ids: find out who",
        "our version id holds other bytes",
        then=RETRY,
        why="Version ids are keyed hashes, so nobody else makes one by accident.",
    ),
    Cause.WRONG_REGION_OR_ACCOUNT: Remedy(
        AWS_ADMIN,
        "use credentials of the account that holds the secrets, or mend the Region",
        "we look at another Region or account than the one it was written to",
        command=CHECK,
        then=RETRY,
        why="The journal holds an ARN of another account or Region than the one that "
        "answers now. If the move is meant, everything is created there anew, and "
        "what is in the old place is left as it is.",
    ),
}
