"""What customers buy, and what their wallets hold, below /my/."""

from django.urls import path

from billing.views.my import buy, orders, statement, wallet

app_name = "buying"

urlpatterns = [
    path("cards/<str:iccid>/buy/", buy.buy_for_card, name="card"),
    path("cards/<str:iccid>/auto-renew/", buy.auto_renew, name="card-auto-renew"),
    path("selections/<int:pk>/order/", buy.order_selection, name="selection"),
    path("orders/", orders.order_list, name="order-list"),
    path("orders/<int:pk>/", orders.ORDERS.page, name="order"),
    path("orders/<int:pk>/lines.csv", orders.ORDERS.lines, name="order-lines"),
    path("orders/<int:pk>/place/", orders.ORDERS.place, name="order-place"),
    path("orders/<int:pk>/pay/", orders.ORDERS.pay, name="order-pay"),
    path("orders/<int:pk>/pay-online/", orders.ORDERS.pay_online, name="order-pay-online"),
    path("orders/<int:pk>/withdraw/", orders.ORDERS.withdraw, name="order-withdraw"),
    path("wallet/", wallet.wallet, name="wallet"),
    path("wallet/balance/", wallet.balance, name="balance"),
    path("wallet/<int:pk>/deposit/", wallet.deposit, name="deposit"),
    path("wallet/<int:pk>/agreement/", wallet.change_agreement, name="agreement"),
    path("wallet/<int:pk>/statement/", statement.STATEMENT.page, name="statement"),
    path("wallet/<int:pk>/statement.csv", statement.STATEMENT.file, name="statement-csv"),
]
