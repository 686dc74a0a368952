"""What programs have of a customer who is merged into another one."""

from cards.actions.jobs.merge import Handover, give
from simportal.api.actions.telling import one_at_a_time
from simportal.api.models import ApiEvent, ApiKey, Endpoint, KeptAnswer, OpenOperation, OrderReference


class Programs(Handover):
    """Keys go on working, for the target; endpoints are told what is the target's from now on, and events that were
    told stay to be read. Of two answers to the same request, and of two orders that are called the same, the
    target's stays."""

    def lock(self, former, target):
        with one_at_a_time():  # held until the merging's own transaction is over
            pass

    def of_the_rest(self, former, target, job):
        give(KeptAnswer, former, target, "method", "path", "key")
        give(OrderReference, former, target, "reference")
        for model in (ApiKey, Endpoint, ApiEvent, OpenOperation):
            give(model, former, target)
