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
    Cause.RETAINED: Remedy(
        AWS_ADMIN,
        "delete it there when nobody needs it any more",
        "Vault deleted it, and on_delete: retain leaves it in AWS",
        Verdict.GONE,
        why="It is orphaned: listed, and never deleted by us.",
    ),
}
