from django.urls import path

from cards.views import (
    card_list,
    console_cards,
    console_imports,
    console_jobs,
    console_queues,
    console_selections,
    console_sweep,
    found,
    saved_views,
    selecting,
)

app_name = "console"

urlpatterns = [
    path("cards/", card_list.card_list, name="card-list"),
    path("cards/unknown/", found.numbers_not_found, name="card-unknown"),
    path("cards/names/", card_list.names_offered, name="names"),
    path("cards/<str:iccid>/", console_cards.card_page, name="card"),
    path("cards/<str:iccid>/<str:action>/", console_cards.card_act, name="card-act"),
    path("selections/", selecting.select_cards, name="select"),
    path("views/", saved_views.saved_views, name="views"),
    path("views/menu/", saved_views.views_menu, name="views-menu"),
    path("views/<int:pk>/", saved_views.open_view, name="view"),
    path("views/<int:pk>/edit/", saved_views.edit_view, name="view-edit"),
    path("views/<int:pk>/delete/", saved_views.delete_view, name="view-delete"),
    path("selections/<int:pk>/", console_selections.selection_page, name="selection"),
    path("selections/<int:pk>/name/", console_selections.name_selection, name="selection-name"),
    path("jobs/", console_jobs.job_list, name="job-list"),
    path("jobs/<int:pk>/", console_jobs.job_page, name="job"),
    path("jobs/<int:pk>/progress/", console_jobs.job_progress, name="job-progress"),
    path("jobs/<int:pk>/failures.csv", console_jobs.job_failures, name="job-failures"),
    path("jobs/<int:pk>/start/", console_jobs.start, name="job-start"),
    path("jobs/<int:pk>/again/<str:step>/", console_jobs.follow, name="job-follow"),
    path("jobs/<int:pk>/<str:step>/", console_jobs.step, name="job-step"),
    path("imports/", console_imports.imports_page, name="imports"),
    path("imports/<str:what>.<str:suffix>", console_imports.template, name="import-template"),
    path("imports/<int:pk>/report.csv", console_imports.report, name="import-report"),
    path("queues/", console_queues.queues_page, name="queues"),
    path("sweep/", console_sweep.sweep_page, name="sweep"),
    path("sweep/unpark/<str:iccid>/", console_sweep.unpark, name="unpark"),
    path("sweep/release/", console_sweep.release, name="release"),
]
