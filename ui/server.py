"""The clinicians' page behind a list of allowed hosts; `python -m ui` serves it."""

import streamlit as st
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware

from readmission.settings import CHECKOUT, LOOPBACK_HOSTS, get_settings

# Streamlit's own option, `server.allowedHosts`, covers its WebSocket but not files and uploads.
app = st.App(
    CHECKOUT / "ui" / "app.py",
    middleware=[
        Middleware(
            TrustedHostMiddleware,
            allowed_hosts=[*LOOPBACK_HOSTS, *get_settings().allowed_hosts],
            www_redirect=False,
        )
    ],
)
