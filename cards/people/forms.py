"""Forms of people: to log in, to join, and to keep their own account."""

from django import forms
from django.contrib.auth import get_user_model, password_validation
from django.contrib.auth.forms import AuthenticationForm, PasswordChangeForm, SetPasswordForm, UsernameField
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from cards.actions import throttle
from cards.choices import ROLES_OF_PEOPLE, MemberRole, StaffRole
from cards.people.backends import user_name_of
from cards.people.login_tries import LoginTry

LONGEST_PERSON_NAME = 64
WHAT_IS_A_PASSWORD = _("At least 8 characters, not only digits, and not a common word.")


class LoginForm(AuthenticationForm):
    """User name or phone, and password. The answer is the same whatever is wrong, also when it was tried too often."""

    username = UsernameField(
        label=_("User name or phone"), widget=forms.TextInput(attrs={"autofocus": True, "autocomplete": "username"})
    )
    error_messages = {
        "invalid_login": _("Wrong user name, phone or password. After several failed attempts, wait a minute.")
    }

    def clean(self):
        typed, password = self.cleaned_data.get("username"), self.cleaned_data.get("password")
        if not (typed and password):
            return self.cleaned_data
        login_try = LoginTry(self.request, user_name_of(typed))
        if not login_try.is_allowed():
            raise self.get_invalid_login_error()
        try:
            cleaned = super().clean()
        except ValidationError:
            login_try.was_wrong()
            raise
        login_try.was_right()
        return cleaned


class CodeForm(forms.Form):
    """A code of the authenticator app; where it is asked for at the door, a recovery code does as well."""

    code = forms.CharField(
        label=_("Authenticator code"),
        max_length=32,
        widget=forms.TextInput(
            attrs={"autocomplete": "one-time-code", "autofocus": True, "autocapitalize": "characters"}
        ),
    )


class NewPersonForm(forms.Form):
    """Somebody who has no account yet."""

    username = forms.CharField(
        label=_("User name"),
        max_length=150,
        validators=[get_user_model().username_validator],
        widget=forms.TextInput(attrs={"autocomplete": "username", "autocapitalize": "none"}),
    )
    phone = forms.CharField(
        label=_("Phone (optional)"),
        required=False,
        max_length=32,
        help_text=_("You can also log in with it."),
        widget=forms.TextInput(attrs={"type": "tel", "autocomplete": "tel"}),
    )
    password = forms.CharField(
        label=_("Password"),
        strip=False,
        help_text=WHAT_IS_A_PASSWORD,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    password_again = forms.CharField(
        label=_("Repeat password"), strip=False, widget=forms.PasswordInput(attrs={"autocomplete": "new-password"})
    )

    def clean(self):
        cleaned = super().clean()
        password = cleaned.get("password")
        if password and cleaned.get("password_again") not in (None, password):
            self.add_error("password_again", _("The passwords do not match."))
        if password:
            try:
                password_validation.validate_password(password, get_user_model()(username=cleaned.get("username", "")))
            except ValidationError as error:
                self.add_error("password", error)
        return cleaned

    def values(self):
        return {name: self.cleaned_data[name] for name in ("username", "phone", "password")}


class ConfirmedForm(forms.Form):
    """A change that only somebody who knows the password may make: the phone may lie about open."""

    current_password = forms.CharField(
        label=_("Your password, to confirm"),
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )

    def __init__(self, user, data=None, **kwargs):
        super().__init__(data, label_suffix="", **kwargs)
        self.user = user

    def clean_current_password(self):
        return _confirmed(self.user, self.cleaned_data["current_password"])


class SecondFactorForm(CodeForm, ConfirmedForm):
    """The second step is turned on: the app's first code, by somebody who knows the password."""

    field_order = ["code", "current_password"]


class ForgottenPasswordForm(SetPasswordForm):
    """A new password, by somebody who opened the link that was sent to them."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        _say_what_is_a_password(self)


class PasswordForm(PasswordChangeForm):
    """A new password, by somebody who knows the old one."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        _say_what_is_a_password(self)

    def clean_old_password(self):
        return _confirmed(self.user, self.cleaned_data["old_password"])


class AccountForm(ConfirmedForm):
    """What somebody says of themselves."""

    name = forms.CharField(label=_("Your name"), required=False, max_length=LONGEST_PERSON_NAME)
    phone = forms.CharField(
        label=_("Phone"),
        required=False,
        max_length=32,
        help_text=_("You can also log in with it."),
        widget=forms.TextInput(attrs={"type": "tel", "autocomplete": "tel"}),
    )
    email = forms.EmailField(label=_("Email"), required=False, help_text=_("Used to reset your password."))
    field_order = ["name", "phone", "email", "current_password"]

    def values(self):
        return {name: self.cleaned_data[name] for name in ("name", "phone", "email")}


class RoleForm(forms.Form):
    """As what somebody shall act for a customer."""

    role = forms.ChoiceField(
        label=_("Role"), choices=[(role, role.label) for role in ROLES_OF_PEOPLE], initial=MemberRole.OPERATOR
    )


class MailedRoleForm(RoleForm):
    """As what, and where the link is mailed."""

    email = forms.EmailField(required=False)


class StaffRolesForm(forms.Form):
    """As what somebody shall work for the dealer."""

    roles = forms.MultipleChoiceField(
        choices=StaffRole,
        error_messages={"required": _("Choose at least one role. To take everything away, shut the person out.")},
    )


class ColleagueForm(forms.Form):
    """Whom an admin invites: as what, and where the link is mailed."""

    roles = forms.MultipleChoiceField(choices=StaffRole, error_messages={"required": _("Choose at least one role.")})
    email = forms.EmailField(
        label=_("Email (optional)"),
        required=False,
        help_text=_("The link is mailed there. Without an address you copy it and send it yourself."),
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
    )


class NewColleagueForm(NewPersonForm):
    """Somebody who was invited to work for the dealer."""

    first_name = forms.CharField(label=_("Your name"), max_length=LONGEST_PERSON_NAME)
    email = forms.EmailField(label=_("Email"), required=False, help_text=_("Used to reset your password."))
    field_order = ["first_name", "username", "email", "phone", "password", "password_again"]

    def values(self):
        return super().values() | {name: self.cleaned_data[name] for name in ("first_name", "email")}


def _say_what_is_a_password(form):
    """In one line and as everywhere else, where Django's own forms have a list."""
    form.label_suffix = ""
    form.fields["new_password1"].help_text = WHAT_IS_A_PASSWORD
    form.fields["new_password2"].help_text = ""


def _confirmed(user, password):
    """The password, if it is the user's. Only who is logged in as them comes here: no stranger uses their tries up."""
    if not (throttle.hit(throttle.CONFIRMATIONS, user.pk) and user.check_password(password)):
        raise ValidationError(_("Wrong password. After five failed attempts, wait 15 minutes."))
    throttle.reset(throttle.CONFIRMATIONS, user.pk)
    return password
