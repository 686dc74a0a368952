"""People in the console, below /console/people/."""

from django.urls import path

from cards.people.views import customer_members, people

urlpatterns = [
    path("", people.people_list, name="people"),
    path("invite/", people.invite_page, name="colleague-invite"),
    path("invitations/<int:pk>/revoke/", people.revoke_colleague, name="colleague-revoke"),
    path("<int:pk>/", people.person_page, name="person"),
    path("<int:pk>/roles/", people.change_staff_roles, name="person-roles"),
    path("<int:pk>/shut-out/", people.shut_person_out, name="person-shut-out"),
    path("<int:pk>/let-in/", people.let_person_in, name="person-let-in"),
    path("<int:pk>/two-step-off/", people.second_step_off, name="person-two-step-off"),
    path("customers/<int:pk>/invite/", customer_members.invite_to_customer, name="customer-invite"),
    path("customers/invitations/<int:pk>/revoke/", customer_members.revoke_of_customer, name="customer-revoke"),
    path("members/<int:pk>/role/", customer_members.change_of_customer, name="customer-member-role"),
    path("members/<int:pk>/remove/", customer_members.remove_of_customer, name="customer-member-remove"),
]
