from django.urls import path, re_path

from billing.views import (
    console_customers,
    console_figures,
    console_order,
    console_orders,
    console_prices,
    console_receipts,
    console_refunds,
    console_renewals,
    console_statement,
)

app_name = "money"

urlpatterns = [
    path("orders/", console_orders.order_list, name="order-list"),
    path("orders/new/", console_orders.new_order, name="order-new"),
    path("orders/of-job/<int:pk>/", console_order.order_of_job, name="order-of-job"),
    path("orders/<int:pk>/", console_order.order_page, name="order"),
    path("orders/<int:pk>/lines.csv", console_order.lines_csv, name="order-lines"),
    path("orders/<int:pk>/place/", console_order.place, name="order-place"),
    path("orders/<int:pk>/pay/", console_order.pay, name="order-pay"),
    path("orders/<int:pk>/pay-online/", console_order.pay_online, name="order-pay-online"),
    path("orders/<int:pk>/withdraw/", console_order.withdraw, name="order-withdraw"),
    path("orders/<int:pk>/agree/", console_order.agree, name="order-agree"),
    path("orders/<int:pk>/again/", console_order.again, name="order-again"),
    path("orders/<int:pk>/refund/", console_order.ask_refund, name="order-refund"),
    path("refunds/<int:pk>/", console_refunds.refund_page, name="refund"),
    re_path(r"^refunds/(?P<pk>[0-9]+)/(?P<step>let-go|decline)/$", console_refunds.refund_step, name="refund-step"),
    path("approvals/", console_refunds.approvals, name="approvals"),
    path("customers/", console_customers.customer_list, name="customer-list"),
    path("receipts/", console_receipts.receipt_list, name="receipt-list"),
    path("receipts/new/", console_receipts.new_receipt, name="receipt-new"),
    path("receipts/<int:pk>/", console_receipts.receipt_page, name="receipt"),
    path("receipts/<int:pk>/reverse/", console_receipts.reverse_receipt, name="receipt-reverse"),
    path("customers/<int:pk>/", console_customers.customer_page, name="customer"),
    path("customers/<int:pk>/agreement/", console_customers.change_agreement, name="customer-agreement"),
    path("customers/<int:pk>/adjust/", console_customers.adjust, name="customer-adjust"),
    path("customers/<int:pk>/statement/", console_statement.statement_page, name="statement"),
    path("customers/<int:pk>/statement.csv", console_statement.statement_csv, name="statement-csv"),
    path("auto-renewal/<str:iccid>/", console_renewals.switch_card, name="card-auto-renew"),
    path("prices/", console_prices.prices, name="prices"),
    path("margin/", console_figures.margin, name="margin"),
    path("margin.csv", console_figures.margin_csv, name="margin-csv"),
    path("at-risk/", console_figures.risk, name="at-risk"),
]
