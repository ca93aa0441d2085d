/*
 * A page that shows a key or codes once. Everything is readable without this script; with it there
 * is copying, saving and printing, and nothing is left in the page once it is left behind.
 *
 * What is secret stays in the text of the page: never in an attribute, in storage or in an address.
 */
(() => {
  "use strict";

  const root = document.querySelector("[data-secrets]");
  if (!root) {
    return;
  }

  const part = (name) => document.querySelector(`[data-part="${name}"]`);
  const words = root.dataset;
  let guarded = "guarded" in words;

  const lines = () =>
    [...root.querySelectorAll("[data-secret]")].map((element) => element.textContent.trim());

  function say(text) {
    part("news").textContent = text;
  }

  async function copy() {
    try {
      await navigator.clipboard.writeText(lines().join("\n"));
      say(words.copied);
    } catch {
      say(words.notCopied);
    }
  }

  // Made here: the codes are not sent over the network a second time.
  function save() {
    const text = [words.title, words.note, "", ...lines(), ""].join("\r\n");
    const address = URL.createObjectURL(new Blob([text], { type: "text/plain;charset=utf-8" }));
    const link = document.createElement("a");
    link.href = address;
    link.download = words.file;
    link.click();
    setTimeout(() => URL.revokeObjectURL(address), 1000);
    say(words.saved);
  }

  function wipe() {
    guarded = false;
    root.replaceChildren();
    root.hidden = true;
    part("gone").hidden = false;
  }

  function offer(name, act, possible) {
    const button = part(name);
    if (button && possible) {
      button.hidden = false;
      button.addEventListener("click", act);
    }
  }

  window.addEventListener("beforeunload", (event) => {
    if (guarded) {
      event.preventDefault();
    }
  });
  document.addEventListener("submit", () => {
    guarded = false;
  });
  window.addEventListener("pagehide", wipe);
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) {
      window.location.replace(words.again);
    }
  });

  // Reload and Back then ask for the page before, where they would send the form again.
  history.replaceState(null, "", words.again);
  offer("copy", copy, Boolean(navigator.clipboard));
  offer("save", save, true);
  offer("print", () => window.print(), true);
})();
