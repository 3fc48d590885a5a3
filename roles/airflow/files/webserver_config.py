# Written by Ansible: changes made here are lost.
"""How people sign in: by the accounts in Airflow's own database, which are the site's data. Nobody registers."""
from flask_appbuilder.const import AUTH_DB

AUTH_TYPE = AUTH_DB
AUTH_USER_REGISTRATION = False
# Who has not signed in has no role at all, so that the API asks for credentials first.
AUTH_ROLE_PUBLIC = ""
WTF_CSRF_ENABLED = True
