"""With whom somebody can pay online in their browser: a button for each provider that takes payments there."""

from dataclasses import dataclass

from billing.actions.providers import provider_label, provider_names, reach
from billing.choices import PaymentWay
from billing.payments.ways import is_in_wechat, way_for
from cards.errors import BadInput


@dataclass(frozen=True)
class PayButton:
    """A provider's account by its name, what people call it, and in which way it is paid here."""

    name: str
    label: str
    way: PaymentWay


@dataclass(frozen=True)
class PayButtons:
    """Those that work in a browser. `elsewhere` are the providers that only another browser than WeChat's opens;
    whether anybody takes payments at all is `takes_payments`."""

    here: list[PayButton]
    elsewhere: list[str]

    @property
    def takes_payments(self):
        return bool(self.here or self.elsewhere)

    def named(self, name):
        """The button of this provider; None where it has none here."""
        return next((button for button in self.here if button.name == name), None)

    def pressed(self, name):
        """The button that a form says was pressed, the first where it names none (None); None where it has none."""
        return self.named(name) if name else next(iter(self.here), None)


def pay_buttons(user_agent):
    """The `PayButtons` of a browser, by what it says of itself."""
    here, elsewhere = [], []
    for name in provider_names():
        try:
            reached = reach(name)
        except (LookupError, BadInput):  # switched off just now, or its secrets are under a key that is not here
            continue
        label = str(provider_label(name))
        if way := way_for(reached.provider.ways_of(reached.merchant), user_agent):
            here.append(PayButton(name, label, way))
        elif is_in_wechat(user_agent):
            elsewhere.append(label)
    return PayButtons(here, elsewhere)
