/*
 * Keeps the page of a table fresh while the worker is at it. What is read aloud is said politely
 * and seldom, and whoever is on the page stays where they are.
 */
(() => {
  "use strict";
  const EVERY = 3000;
  const SAID_EVERY = 10000;
  const said = document.getElementById("import-said");
  const now = () => document.getElementById("import");
  const isUnderWay = () => "underWay" in now().dataset;
  let saidAt = Date.now();

  // A page that asks by itself does not count as somebody using the session.
  const ask = async () => {
    const answer = await fetch(window.location.href, {
      headers: { "X-Asked-By-Page": "1" },
      credentials: "same-origin",
      redirect: "error",
    });
    if (!answer.ok) {
      throw new Error(answer.status);
    }
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    return page.getElementById("import");
  };

  function put(fresh) {
    const hadFocus = now().contains(document.activeElement);
    now().replaceWith(fresh);
    if (hadFocus) {
      fresh.focus({ preventScroll: true });
    }
    if (!isUnderWay() || Date.now() - saidAt > SAID_EVERY) {
      saidAt = Date.now();
      said.textContent = fresh.dataset.said;
    }
  }

  async function refresh() {
    if (!document.hidden) {
      try {
        put(await ask());
      } catch {
        return; // signed out, or the network is gone: the page stays as it is
      }
    }
    again();
  }

  function again() {
    if (isUnderWay()) {
      setTimeout(refresh, EVERY);
    }
  }

  again();
})();
