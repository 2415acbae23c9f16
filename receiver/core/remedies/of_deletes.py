"""What holds a delete back, or leaves a secret on purpose."""

from __future__ import annotations

from receiver.core.causes import Cause
from receiver.core.remedies.remedy import AWS_ADMIN, PLAN, VAULT_ADMIN, Remedy, Verdict

OF_DELETES: dict[Cause, Remedy] = {
    Cause.BRAKE: Remedy(
        VAULT_ADMIN,
        "check that these deletes are meant",
        "its delete is held: too many within the hour",
        command=PLAN,
        then="vault-replicator reconcile --rule {rule} --force",
        why="The rule's deletes of the last hour exceed reconcile.max_delete_count, "
        "or both max_delete_percent and max_delete_floor. --force makes exactly the "
        "deletes that the plan shows, each confirmed in Vault once more.",
    ),
    Cause.EMPTY_LISTING: Remedy(
        VAULT_ADMIN,
        "check that the mount is meant to be empty",
        "the mount lists no secret at all, so deletes are held",
        command=PLAN,
        then="vault-replicator reconcile --rule {rule} --force",
        why="An empty listing is more often a policy or a mount that was made anew "
        "than a wish to delete everything.",
    ),
    Cause.MOUNT_REPLACED: Remedy(
        VAULT_ADMIN,
        "write the secrets again, or let their deletes go by a plan and force",
        "its mount was made anew since it was replicated",
        command=PLAN,
        then="vault-replicator reconcile --rule {rule} --force",
        why="That a secret is not on the new mount does not mean that anybody "
        "deleted it, so its delete in AWS is held.",
    ),
    Cause.RETAINED: Remedy(
        AWS_ADMIN,
        "delete it there when nobody needs it any more",
        "Vault deleted it, and on_delete: retain leaves it in AWS",
        Verdict.GONE,
        why="It is orphaned: listed, and never deleted by us.",
    ),
}
