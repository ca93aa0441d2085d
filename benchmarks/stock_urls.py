"""The one page of the stock admin that is measured: its list of users, with as many on a page."""

import os

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.models import User
from django.urls import path


class Users(UserAdmin):
    """Django's own, but for the size of its page."""

    list_per_page = int(os.environ["BENCH_PAGE"])


site = admin.AdminSite(name="admin")
site.register(User, Users)
urlpatterns = [path("stock/", site.urls)]
