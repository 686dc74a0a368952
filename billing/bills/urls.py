"""The bills of payment providers in the console, below /console/bills/."""

from django.urls import path

from billing.bills.views.console import bills, payouts, queue

app_name = "bills"

urlpatterns = [
    path("", bills.bill_list, name="bills"),
    path("open/", queue.bill_queue, name="queue"),
    path("open.csv", queue.bill_queue_csv, name="queue-csv"),
    path("upload/", bills.upload_bill, name="upload"),
    path("payouts/", payouts.payout_list, name="payouts"),
    path("lines/<int:pk>/", queue.line_page, name="line"),
    path("lines/<int:pk>/settle/", queue.settle_bill_line, name="line-settle"),
    path("lines/<int:pk>/ask/", queue.ask_about_line, name="line-ask"),
    path("<int:pk>/", bills.bill_page, name="bill"),
    path("<int:pk>/lines.csv", bills.bill_lines_csv, name="bill-lines"),
    path("<int:pk>/fetch/", bills.fetch_again, name="fetch"),
]
