/*
 * Single-key shortcuts, and the switch that turns them off (WCAG 2.1.4).
 *
 * A page offers a key by putting data-shortcut="e" on a link, a button or a field. Keys are dead
 * while somebody types, while a dialog is open, and with Ctrl, Alt or Cmd held. Ctrl+K always
 * goes to the search for an account.
 */
(() => {
  "use strict";

  const KEPT_AS = "deskShortcuts";
  const MENU_MS = 50;
  const TYPING = "input, select, textarea, [contenteditable]";

  const areOn = () => localStorage.getItem(KEPT_AS) !== "off";

  function showState() {
    document.querySelectorAll("[data-shortcut-switch]").forEach((button) => {
      button.setAttribute("aria-checked", String(areOn()));
    });
    document.documentElement.classList.toggle("desk-no-shortcuts", !areOn());
  }

  function use(element) {
    if (element.matches(TYPING)) {
      element.focus();
      element.select?.();
    } else {
      element.click();
    }
  }

  function isBusy(event) {
    const held = event.ctrlKey || event.altKey || event.metaKey;
    return held || event.target.closest?.(TYPING) || document.querySelector("dialog[open]");
  }

  function goToSearch(event) {
    const search = document.getElementById("desk-search");
    if (search && (event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
      event.preventDefault();
      window.dispatchEvent(new CustomEvent("desk:open-menu"));
      // Alpine shows the menu on its next turn, and only what is shown takes the focus.
      setTimeout(() => use(search), MENU_MS);
    }
  }

  function offeredBy(key) {
    if (key === "/") {
      return document.getElementById("searchbar") ?? document.getElementById("desk-search");
    }
    return document.querySelector(`[data-shortcut="${CSS.escape(key)}"]`);
  }

  function onKey(event) {
    goToSearch(event);
    if (event.defaultPrevented || !areOn() || isBusy(event) || event.repeat) {
      return;
    }
    const element = offeredBy(event.key.toLowerCase());
    if (element && !element.matches("[aria-disabled=true], :disabled")) {
      event.preventDefault();
      use(element);
    }
  }

  function onClick({ target }) {
    if (target.closest("[data-shortcut-switch]")) {
      localStorage.setItem(KEPT_AS, areOn() ? "off" : "on");
      showState();
    }
    const opener = target.closest("[data-opens]");
    if (opener) {
      document.getElementById(opener.dataset.opens).showModal();
    }
  }

  document.addEventListener("keydown", onKey);
  document.addEventListener("click", onClick);
  document.addEventListener("DOMContentLoaded", showState);
})();
