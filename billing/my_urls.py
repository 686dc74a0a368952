"""What customers buy, and what their wallets hold, below /my/."""

from django.urls import path

from billing.views import my_buy, my_orders, my_wallet

app_name = "buying"

urlpatterns = [
    path("cards/<str:iccid>/buy/", my_buy.buy_for_card, name="card"),
    path("cards/<str:iccid>/auto-renew/", my_buy.auto_renew, name="card-auto-renew"),
    path("selections/<int:pk>/order/", my_buy.order_selection, name="selection"),
    path("orders/", my_orders.order_list, name="order-list"),
    path("orders/<int:pk>/", my_orders.order_page, name="order"),
    path("orders/<int:pk>/lines.csv", my_orders.lines_csv, name="order-lines"),
    path("orders/<int:pk>/place/", my_orders.place, name="order-place"),
    path("orders/<int:pk>/pay/", my_orders.pay, name="order-pay"),
    path("orders/<int:pk>/pay-online/", my_orders.pay_online, name="order-pay-online"),
    path("orders/<int:pk>/withdraw/", my_orders.withdraw, name="order-withdraw"),
    path("wallet/", my_wallet.wallet, name="wallet"),
    path("wallet/balance/", my_wallet.balance, name="balance"),
    path("wallet/<int:pk>/deposit/", my_wallet.deposit, name="deposit"),
    path("wallet/<int:pk>/agreement/", my_wallet.change_agreement, name="agreement"),
    path("wallet/<int:pk>/statement/", my_wallet.statement_page, name="statement"),
    path("wallet/<int:pk>/statement.csv", my_wallet.statement_csv, name="statement-csv"),
]
