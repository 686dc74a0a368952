"""The page of a job that merges two customers: who they are."""

from cards.actions.jobs.merge import former_and_target


def merge_context(job, request, frame):
    """For cards/jobs/_merge.html."""
    former, target = former_and_target(job)
    return {"former": former, "target": target}
