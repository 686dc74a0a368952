from django.urls import path

from billing.guest.views import card, number, receipt

app_name = "guest"

urlpatterns = [
    path("", number.number_page, name="home"),
    path("number/<str:ticket>/", number.typed_card_page, name="typed-card"),
    path("receipts/", receipt.find_receipt, name="receipts"),
    path("receipts/<slug:code>/", receipt.guest_receipt_page, name="receipt"),
    path(
        "<slug:token>", card.labelled_card_page, name="card"
    ),  # without a slash at the end: the square is as small as can be
]
