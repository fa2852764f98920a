"""Settings of a project without a database."""

import os

SECRET_KEY = os.environ.get("SECRET_KEY", "for tests only")
ALLOWED_HOSTS = ["*"]
ROOT_URLCONF = "config.urls"
INSTALLED_APPS = ["pages"]
MIDDLEWARE = []
USE_TZ = True
