"""How Unfold looks and what it loads. Nothing here asks for an app: settings read it first."""

from typing import Any

from django.templatetags.static import static
from django.utils.functional import lazy
from django.utils.translation import gettext_lazy as _

lazy_static = lazy(static, str)

# Petrol: calm, unlike any alarm colour, and 600 carries white text at 5.8 to 1.
PRIMARY = {
    "50": "oklch(97.7% .012 205)",
    "100": "oklch(94.6% .028 207)",
    "200": "oklch(89.5% .052 210)",
    "300": "oklch(82% .085 213)",
    "400": "oklch(72% .105 218)",
    "500": "oklch(60% .105 222)",
    "600": "oklch(50% .092 226)",
    "700": "oklch(43.5% .08 228)",
    "800": "oklch(37.5% .068 230)",
    "900": "oklch(32.5% .055 232)",
    "950": "oklch(24.5% .045 234)",
}

STYLES = ("colours", "tokens", "shell", "parts", "tables")
SCRIPTS = ("theme", "zone", "alpine_shim", "shortcuts", "a11y", "dialog")

UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "Sparekey",
    "SITE_HEADER": "Sparekey",
    "SITE_SUBHEADER": _("MFA recovery desk"),
    "SITE_URL": None,
    "SITE_FAVICONS": [
        {
            "rel": "icon",
            "type": "image/svg+xml",
            "href": lambda request: static("console/mark.svg"),
        }
    ],
    "SHOW_VIEW_ON_SITE": False,
    "BORDER_RADIUS": "8px",
    "COLORS": {
        "primary": PRIMARY,
        # Stock grey 500 on grey 100 is 4.4 to 1; WCAG asks for 4.5.
        "font": {"subtle-light": "var(--color-base-600)", "subtle-dark": "var(--color-base-300)"},
    },
    "STYLES": [lazy_static(f"console/css/{name}.css") for name in STYLES],
    "SCRIPTS": [lazy_static(f"console/js/{name}.js") for name in SCRIPTS],
    "COMMAND": {"show_history": False, "search_models": False},
    "SIDEBAR": {
        "show_search": False,
        "show_all_applications": False,
        "navigation": "console.navigation.sidebar",
    },
}
