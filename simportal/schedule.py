"""What beat rings, and how often. No calendar here: what is due on a day is a date in a row."""


def every(seconds, task):
    """Each bell has a queue of its own, in which beat sees whether its last ring was heard."""
    return {"task": task, "schedule": seconds, "options": {"queue": task}}


BEAT_SCHEDULE = {
    "heartbeat": every(10, "simportal.heartbeat"),
    "days": every(60, "simportal.days"),
    "jobs": every(2, "cards.jobs"),
    "housekeeping": every(60, "cards.housekeeping"),
    "retention": every(300, "cards.retention"),
    "orders": every(2, "billing.orders"),
    "expiry": every(60, "billing.expiry"),
    "ask": every(5, "billing.ask"),
    "bills": every(60, "bills.fetch"),
    "mail": every(60, "billing.mail"),
    "hear": every(2, "carriers.hear"),
    "carriers": every(2, "carriers.work"),
    "approved": every(2, "carriers.approved"),
    "comparisons": every(60, "carriers.reconcile"),
    "usage": every(60, "carriers.usage"),
    "proof": every(60, "simportal.proof"),
    "events": every(2, "api.tell"),
    "webhooks": every(2, "api.send"),
    "resets": every(5, "simportal.resets"),
}
