from django.utils.translation import gettext as _

from billing.actions.asking import work_on_payments
from billing.models import PayerRefund, Payment
from cards.management.base import PortalCommand
from cards.phrases import listed, pair

TURN_SECONDS = 20


def _payment_document(payment):
    return {
        "payment": payment.key,
        "provider": payment.provider,
        "amount": payment.amount,
        "way": payment.way,
        "order": payment.order and payment.order.number,
        "customer": payment.customer and payment.customer.name,
        "started_at": payment.started_at,
        "asked": payment.asked,
        "ask_at": payment.ask_at,
        "words": payment.words,
    }


def _refund_document(refund):
    return {
        "refund": refund.key,
        "provider": refund.provider,
        "amount": refund.amount,
        "cause": refund.cause,
        "state": refund.state,
        "created_at": refund.created_at,
        "tries": refund.tries,
        "ask_at": refund.ask_at,
        "words": refund.words,
    }


class Command(PortalCommand):
    help = "Online payments that wait for their provider's word, and refunds on their way to whoever paid."

    def add_arguments(self, parser):
        parts = parser.add_subparsers(dest="part", metavar="PART", required=True)
        work = parts.add_parser("work", help="ask the providers what is due, and have refunds made, as workers do")
        work.add_argument("--until-settled", action="store_true", help="end when nothing is due at this moment")
        parts.add_parser("list", help="what is under way, the oldest first")

    def carry_out(self, part, **options):
        return getattr(self, f"_{part}")(**options)

    def _work(self, until_settled, json, **options):
        """Exit code 1 where a provider does not give money back."""
        turns = work_on_payments(TURN_SECONDS, until_settled)
        failed = PayerRefund.objects.failed().count()
        if json:
            self.give({"turns": turns, "failed_refunds": failed})
        elif failed:
            self.say(_("Refunds that their provider does not make: {count}").format(count=failed))
        return bool(failed)

    def _list(self, json, **options):
        payments = Payment.objects.filter(ask_at__isnull=False).select_related("order", "customer").order_by("pk")
        documents = [_payment_document(payment) for payment in payments]
        documents += [_refund_document(refund) for refund in PayerRefund.objects.filter(ended_at=None).order_by("pk")]
        if json:
            self.give(documents)
        for document in () if json else documents:
            self.stdout.write(listed(pair(name, value) for name, value in document.items()))
        if not documents:
            self.note(_("Nothing is under way."))
