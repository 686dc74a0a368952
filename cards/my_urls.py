"""The customers' own pages, below /my/."""

from django.urls import path

from cards.views import (
    join,
    my_card_pages,
    my_cards,
    my_claim,
    my_export,
    my_home,
    my_jobs,
    my_members,
    my_requests,
    my_selections,
)

app_name = "my"

urlpatterns = [
    path("", my_home.home, name="home"),
    path("claim/", my_claim.claim_card, name="claim"),
    path("cards/", my_cards.card_list, name="card-list"),
    path("cards/export/", my_export.export_cards, name="card-export"),
    path("cards/unknown/", my_cards.numbers_not_found, name="card-unknown"),
    path("cards/<str:iccid>/", my_card_pages.card_page, name="card"),
    path("cards/<str:iccid>/help/", my_card_pages.card_help, name="card-help"),
    path("cards/<str:iccid>/<str:action>/", my_card_pages.card_act, name="card-act"),
    path("selections/", my_selections.select_cards, name="select"),
    path("selections/<int:pk>/", my_selections.selection_page, name="selection"),
    path("selections/<int:pk>/export/", my_export.export_selection, name="selection-export"),
    path("jobs/", my_jobs.job_list, name="job-list"),
    path("jobs/<int:pk>/", my_jobs.job_page, name="job"),
    path("jobs/<int:pk>/progress/", my_jobs.job_progress, name="job-progress"),
    path("jobs/<int:pk>/failures.csv", my_jobs.job_failures, name="job-failures"),
    path("jobs/<int:pk>/file/", my_export.job_file, name="job-file"),
    path("jobs/<int:pk>/start/", my_jobs.start, name="job-start"),
    path("jobs/<int:pk>/stop/", my_jobs.stop, name="job-stop"),
    path("jobs/<int:pk>/again/<str:step>/", my_jobs.follow, name="job-follow"),
    path("members/", my_members.members, name="members"),
    path("members/invite/<int:pk>/", my_members.invite, name="invite"),
    path("members/invitations/<int:pk>/revoke/", my_members.revoke, name="invitation-revoke"),
    path("members/<int:pk>/role/", my_members.change_role, name="member-role"),
    path("members/<int:pk>/remove/", my_members.remove, name="member-remove"),
    path("join/<str:token>/", join.join, name="join"),
    path("requests/", my_requests.request_list, name="requests"),
    path("requests/<int:pk>/", my_requests.request_page, name="request"),
    path("requests/<int:pk>/close/", my_requests.close_request, name="request-close"),
]
