"""What customers buy, and what their wallets hold, below /my/."""

from django.urls import path

from billing.views.my import buy, orders, receipts, selling, statement, wallet, withdrawals

app_name = "buying"

urlpatterns = [
    path("cards/<str:iccid>/buy/", buy.buy_for_card, name="card"),
    path("cards/<str:iccid>/auto-renew/", buy.auto_renew, name="card-auto-renew"),
    path("selections/<int:pk>/order/", buy.order_selection, name="selection"),
    path("orders/", orders.order_list, name="order-list"),
    path("orders/together/<int:pk>/", orders.MY_TOGETHER.page, name="orders-together"),
    path("orders/together/<int:pk>/<str:step>/", orders.MY_TOGETHER.take, name="orders-together-step"),
    path("orders/missed-renewals/", buy.select_missed, name="missed-cards"),
    path("orders/of-cards/", buy.order_cards, name="order-cards"),
    path("orders/<int:pk>/", orders.MY_ORDERS.page, name="order"),
    path("orders/<int:pk>/lines.csv", orders.MY_ORDERS.lines, name="order-lines"),
    path("orders/<int:pk>/print/", orders.MY_ORDERS.printed, name="order-print"),
    path("orders/<int:pk>/place/", orders.MY_ORDERS.place, name="order-place"),
    path("orders/<int:pk>/renewed/", orders.MY_ORDERS.include_renewed, name="order-renewed"),
    path("orders/<int:pk>/pay/", orders.MY_ORDERS.pay, name="order-pay"),
    path("orders/<int:pk>/pay-online/", orders.MY_ORDERS.pay_online, name="order-pay-online"),
    path("orders/<int:pk>/withdraw/", orders.MY_ORDERS.withdraw, name="order-withdraw"),
    path("receipts/<int:pk>/print/", receipts.MY_RECEIPTS.printed, name="receipt-print"),
    path("selling/", selling.selling, name="selling"),
    path("selling/<int:pk>/", selling.MY_SELLING.page, name="selling-of"),
    path("selling/<int:pk>/price/", selling.MY_SELLING.set_price, name="selling-price"),
    path("selling/<int:pk>/switch/", selling.MY_SELLING.switch, name="selling-switch"),
    path("wallet/", wallet.wallet, name="wallet"),
    path("wallet/balance/", wallet.balance, name="balance"),
    path("wallet/<int:pk>/deposit/", wallet.deposit, name="deposit"),
    path("wallet/<int:pk>/withdraw/", withdrawals.ask_out_of_wallet, name="withdraw"),
    path("wallet/withdrawals/<int:pk>/take-back/", withdrawals.withdrawal_taken_back, name="withdrawal-take-back"),
    path("wallet/<int:pk>/agreement/", wallet.change_agreement, name="agreement"),
    path("wallet/<int:pk>/statement/", statement.MY_STATEMENT.page, name="statement"),
    path("wallet/<int:pk>/statement.csv", statement.MY_STATEMENT.file, name="statement-csv"),
    path("wallet/<int:pk>/statement/print/", statement.MY_STATEMENT.printed, name="statement-print"),
]
