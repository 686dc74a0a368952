"""What a customer's programs have, when the customer is merged into another one."""

from cards.actions.jobs.merge import Handover, give
from simportal.api.models import ApiKey, KeptAnswer, OrderReference


class Programs(Handover):
    """Keys go on, with whoever acts with them, as members do; what was answered is answered again.

    What both called by the same name is what the target called so.
    """

    def of_the_rest(self, former, target, job):
        give(ApiKey, former, target)
        give(KeptAnswer, former, target, "method", "path", "key")
        give(OrderReference, former, target, "reference")
