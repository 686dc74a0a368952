"""Many cards at once, for staff and for customers: chosen in the list, looked at, and what can be done with all."""

import uuid

from django.core.exceptions import PermissionDenied
from django.shortcuts import get_object_or_404, redirect

from cards.actions.jobs import control
from cards.choices import Action
from cards.models import Card, Selection
from cards.pages.frames import SAFE, Framed, acting
from cards.pages.selecting import back_to_list, chosen
from cards.pages.selection import CARDS_SHOWN, SelectionButton, counts_by_state, first_cards, key_of


class SelectionPages(Framed):
    asks = "cards.view_selection"
    template: str

    @acting("POST")
    def select(self, request):
        """Keep the checked cards, all cards of the view, or those that a pasted list found.

        Where the button says what to do with them, by what it posts or where, the job follows at once.
        """
        selection = chosen(request)
        if selection is None:
            return back_to_list(request, self.frame)
        action = request.POST.get("action", request.GET.get("action"))
        if action is not None:
            return self._draft(request, selection, action, uuid.uuid5(selection.key, action))
        return redirect(self.frame.url("selection", selection.pk))

    @acting(*SAFE, "POST")
    def page(self, request, pk):
        """What is in one's own selection; an action that is posted becomes a job that is checked first."""
        selection = get_object_or_404(Selection, pk=pk, owner=request.user)
        if request.method == "POST":
            action = request.POST.get("action", "")
            return self._draft(request, selection, action, key_of(request, action))
        return self.frame.page(request, self.template, self.context(selection, request.user))

    def offered(self, user):
        """What can be done to many cards at once and what it is called, in the order in which it is offered."""
        raise NotImplementedError

    def buttons(self, selection, user):
        """The buttons of what is offered, in its order."""
        return [SelectionButton(label, action) for action, label in self.offered(user).items()]

    def context(self, selection, user):
        buttons = self.buttons(selection, user)
        visible = Card.objects.visible_to(user)
        counts, counted = counts_by_state(selection, visible)
        return {
            "selection": selection,
            "counts": counts,
            "counted": counted,
            "is_counted_whole": counted >= selection.size,
            "cards": first_cards(selection, visible),
            "shown": CARDS_SHOWN,
            "buttons": [button for button in buttons if not button.stands_apart],
            "apart": [button for button in buttons if button.stands_apart],
            "key": uuid.uuid4(),
        }

    def _draft(self, request, selection, action, key):
        """The job of an action on the selection; one form, or one button of the list, makes one job of each at most."""
        if action not in self.offered(request.user):
            raise PermissionDenied
        job = control.draft(selection, Action(action), user=request.user, key=key)
        return redirect(self.frame.url("job", job.pk))
