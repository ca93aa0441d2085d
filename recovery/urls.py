"""The account holder's routes."""

from django.urls import path

from recovery.views import enrolment, link, my_recovery, sign_in, veto

app_name = "recovery"

urlpatterns = [
    path("sign-in/", sign_in.SignInView.as_view(), name="sign_in"),
    path("sign-in/code/", sign_in.SecondFactorView.as_view(), name="second_factor"),
    path("sign-in/no-code/", sign_in.NoCodeView.as_view(), name="no_code"),
    path("sign-out/", sign_in.SignOutView.as_view(), name="sign_out"),
    path("link/<str:token>/", link.RecoveryLinkView.as_view(), name="link"),
    path("not-me/<str:token>/", veto.VetoView.as_view(), name="veto"),
    path("enrol/", enrolment.EnrolView.as_view(), name="enrol"),
    path("enrol/key/", enrolment.KeyView.as_view(), name="enrol_key"),
    path("enrol/prove/", enrolment.ProveView.as_view(), name="enrol_prove"),
    path("enrol/codes/", enrolment.CodesView.as_view(), name="enrol_codes"),
    path("enrol/finish/", enrolment.FinishView.as_view(), name="enrol_finish"),
    path("enrol/cancel/", enrolment.CancelView.as_view(), name="cancel"),
    path("recovery/", my_recovery.MyRecoveryView.as_view(), name="my_recovery"),
    path("recovery/codes/", my_recovery.NewCodesView.as_view(), name="new_codes"),
    path("recovery/codes/take/", my_recovery.TakeCodesView.as_view(), name="take_codes"),
    path(
        "recovery/authenticator/",
        my_recovery.NewAuthenticatorView.as_view(),
        name="new_authenticator",
    ),
    path(
        "recovery/authenticator/<int:pk>/revoke/", my_recovery.RevokeView.as_view(), name="revoke"
    ),
    path("recovery/address/", my_recovery.AddAddressView.as_view(), name="address_add"),
    path(
        "recovery/address/<int:pk>/confirm/",
        my_recovery.ConfirmAddressView.as_view(),
        name="address_confirm",
    ),
    path(
        "recovery/address/<int:pk>/remove/",
        my_recovery.RemoveAddressView.as_view(),
        name="address_remove",
    ),
    path("recovery/freeze/", my_recovery.FreezeView.as_view(), name="freeze"),
]
