/*
 * Makes the dialog of an operation modal, puts the focus where it is needed, and lets nobody lose
 * by accident what they typed: a click outside does nothing, and Escape asks once.
 */
(() => {
  "use strict";

  let opener = null;

  const dialogNow = () => document.getElementById("dialog");

  function focusFirst(dialog) {
    const invalid = dialog.querySelector("[aria-invalid=true]");
    const refusal = dialog.querySelector("[role=alert]");
    const field = dialog.querySelector(
      "form input:not([type=hidden]), form select, form textarea, form button",
    );
    (refusal ?? invalid ?? field)?.focus();
    if (refusal && !refusal.matches(":focus")) {
      (invalid ?? field)?.focus();
    }
  }

  function upgrade(dialog) {
    if (dialog && !dialog.matches(":modal")) {
      dialog.removeAttribute("open");
      dialog.showModal();
      focusFirst(dialog);
    }
  }

  function hasTyped(form) {
    return [...form.elements].some((field) => {
      if (field.type === "hidden" || field.disabled) {
        return false;
      }
      if (field.matches("select")) {
        return [...field.options].some((option) => option.selected && !option.defaultSelected) &&
          field.selectedIndex > 0;
      }
      if (field.matches("[type=checkbox], [type=radio]")) {
        return field.checked !== field.defaultChecked;
      }
      return "defaultValue" in field && field.value !== field.defaultValue;
    });
  }

  function returnFocus(operation) {
    const button = document.querySelector(`[data-opens-operation="${CSS.escape(operation)}"]`);
    (opener?.isConnected ? opener : button)?.focus();
    opener = null;
  }

  // The page behind is the one that closing leads to, so nothing has to be fetched.
  function close(dialog) {
    const { closeUrl, operation } = dialog.dataset;
    dialog.close();
    dialog.remove();
    history.replaceState(null, "", closeUrl);
    returnFocus(operation);
  }

  function onEscape(event) {
    const dialog = event.target;
    if (dialog.id !== "dialog") {
      return;
    }
    event.preventDefault();
    const warning = dialog.querySelector(".desk-dialog-unsaved");
    if (warning.hidden && hasTyped(dialog.querySelector("form"))) {
      warning.hidden = false;
    } else {
      close(dialog);
    }
  }

  function onClick(event) {
    const closer = event.target.closest("[data-dialog-close]");
    if (closer && !(event.ctrlKey || event.metaKey || event.shiftKey)) {
      event.preventDefault();
      close(dialogNow());
    }
    const operation = event.target.closest("[data-opens-operation]");
    if (operation) {
      opener = operation;
    }
  }

  // One press, one post: a second press of an impatient finger would be a second form.
  function onSubmit(event) {
    const button = event.target.closest("#dialog form")?.querySelector("[type=submit]");
    if (button?.getAttribute("aria-disabled") === "true") {
      event.preventDefault();
    }
    button?.setAttribute("aria-disabled", "true");
  }

  document.addEventListener("DOMContentLoaded", () => {
    upgrade(dialogNow());
    document.addEventListener("cancel", onEscape, { capture: true });
    document.addEventListener("click", onClick);
    document.addEventListener("submit", onSubmit);
    document.addEventListener("htmx:afterSettle", () => upgrade(dialogNow()));
  });
  window.addEventListener("pageshow", () => {
    dialogNow()?.querySelector("[type=submit]")?.removeAttribute("aria-disabled");
  });
})();
