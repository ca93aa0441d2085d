"""What the account pages and a host project's own templates draw with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import template

if TYPE_CHECKING:
    from django.forms import BoundField
    from django.template.context import Context

register = template.Library()


@register.inclusion_tag("recovery/parts/banner.html", takes_context=True)
def reenrolment_banner(context: Context) -> dict[str, Any]:
    """Say until when the signed-in person has to enrol again; nothing for everybody else.

    For any page of the host project. Reads what ``ReenrolmentMiddleware`` has found already.
    """
    account = getattr(context.get("request"), "recovery_account", None)
    is_due_later = account is not None and account.is_flagged and not account.must_enrol_now
    return {"due_at": account.reenrolment_due_at if account is not None and is_due_later else None}


@register.inclusion_tag("recovery/parts/field.html", takes_context=True)
def question(
    context: Context,
    field: BoundField,
    *,
    hint: str = "",
    suffix: str = "",
    number: object = "",
    focus: bool = False,
) -> dict[str, Any]:
    """Draw a field with its label, its hint and what was wrong with it, tied to each other.

    ``focus`` is for the one question that a page asks: there a refusal is read out as well.
    ``suffix`` and ``number`` keep ids apart where one page asks the same in several places.
    """
    key = f"{field.auto_id}-{suffix}{number}" if suffix else field.auto_id
    said = {
        f"{key}-hint": bool(hint),
        f"{key}-wrong": bool(field.errors),
        "refusal": focus and bool(context.get("refusal")),
    }
    attrs: dict[str, Any] = {
        "id": key,
        "aria-describedby": " ".join(name for name, is_there in said.items() if is_there) or None,
        "aria-invalid": "true" if field.errors else None,
        "autofocus": focus,
    }
    present = {name: value for name, value in attrs.items() if value}
    return {"field": field, "key": key, "hint": hint, "widget": field.as_widget(attrs=present)}
