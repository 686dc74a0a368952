"""The customers' own pages, below /my/."""

from django.urls import path

from cards.people.views import join
from cards.views.my import card, card_list, claim, exports, home, jobs, members, requests, selections

app_name = "my"

urlpatterns = [
    path("", home.home, name="home"),
    path("claim/", claim.claim_card, name="claim"),
    path("cards/", card_list.MY_LIST.page, name="card-list"),
    path("cards/export/", exports.MY_EXPORTS.of_list, name="card-export"),
    path("cards/unknown/", card_list.MY_LIST.not_found, name="card-unknown"),
    path("cards/<str:iccid>/", card.card_page, name="card"),
    path("cards/<str:iccid>/help/", card.card_help, name="card-help"),
    path("cards/<str:iccid>/<str:action>/", card.card_act, name="card-act"),
    path("selections/", selections.MY_SELECTIONS.select, name="select"),
    path("selections/<int:pk>/", selections.MY_SELECTIONS.page, name="selection"),
    path("selections/<int:pk>/export/", exports.MY_EXPORTS.of_selection, name="selection-export"),
    path("jobs/", jobs.job_list, name="job-list"),
    path("jobs/<int:pk>/", jobs.MY_JOBS.page, name="job"),
    path("jobs/<int:pk>/progress/", jobs.MY_JOBS.progress, name="job-progress"),
    path("jobs/<int:pk>/failures.csv", jobs.MY_JOBS.failures, name="job-failures"),
    path("jobs/<int:pk>/file/", exports.MY_EXPORTS.file, name="job-file"),
    path("jobs/<int:pk>/start/", jobs.MY_JOBS.start, name="job-start"),
    path("jobs/<int:pk>/stop/", jobs.MY_JOBS.stop, name="job-stop"),
    path("jobs/<int:pk>/reopen/", jobs.MY_JOBS.reopen, name="job-reopen"),
    path("jobs/<int:pk>/again/<str:step>/", jobs.MY_JOBS.follow, name="job-follow"),
    path("members/", members.members, name="members"),
    path("members/invite/<int:pk>/", members.invite, name="invite"),
    path("members/invitations/<int:pk>/revoke/", members.revoke, name="invitation-revoke"),
    path("members/<int:pk>/role/", members.change_role, name="member-role"),
    path("members/<int:pk>/remove/", members.remove, name="member-remove"),
    path("join/", join.join, name="join"),
    path("join/<str:token>/", join.join_by_path, name="join-by-path"),
    path("requests/", requests.request_list, name="requests"),
    path("requests/<int:pk>/", requests.request_page, name="request"),
    path("requests/<int:pk>/close/", requests.close_request, name="request-close"),
]
