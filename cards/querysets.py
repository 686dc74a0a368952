import json

from django.db import models


class Among(models.Lookup):
    """`id__among=[…]`: like `in`, with the list as one parameter instead of one for each of thousands."""

    lookup_name = "among"
    prepare_rhs = False

    def as_sql(self, compiler, connection):
        column, params = self.process_lhs(compiler, connection)
        if connection.vendor == "postgresql":
            return f"{column} = ANY(%s)", [*params, list(self.rhs)]
        return f"{column} IN (SELECT value FROM json_each(%s))", [*params, json.dumps(list(self.rhs))]


for field in (models.BigAutoField, models.ForeignKey, models.CharField):
    field.register_lookup(Among)


class CardQuerySet(models.QuerySet):
    def due(self, day):
        """Cards for which something is due by `day`, the longest due first."""
        return self.filter(next_due_on__lte=day).order_by("next_due_on", "id")

    def after(self, next_due_on, pk):
        """Those of `due` that come after this place in its order."""
        later = models.Q(next_due_on__gt=next_due_on) | models.Q(id__gt=pk)
        return self.filter(later, next_due_on__gte=next_due_on)

    def parked(self):
        """Cards set aside because their data contradict each other."""
        return self.exclude(parked="")

    def visible_to(self, user):
        """Staff see every card, a customer's members their customers' cards, and nobody else any."""
        if not user.is_active:
            return self.none()
        if user.is_staff:
            return self
        return self.filter(customer__memberships__user=user)

    def numbered(self, iccid):
        """The card with this ICCID, or those that begin with its first 19 characters (`domain.md`, "Identifiers")."""
        if len(iccid) == 20:
            return self.filter(iccid__in=(iccid, iccid[:19]))
        return self.filter(models.Q(iccid=iccid) | models.Q(iccid__gt=iccid, iccid__lt=iccid + "~"))
