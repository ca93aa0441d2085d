/*
 * Keeps the page of a job fresh while it runs. What is read aloud is said politely and seldom, and
 * the focus stays where it is.
 */
(() => {
  "use strict";

  const EVERY = 2000;
  const SAID_EVERY = 10000;
  const said = document.getElementById("job-said");
  let saidAt = Date.now();

  const statusNow = () => document.getElementById("job-status");

  // A page that asks by itself does not count as somebody using the session.
  const ask = async (url) => {
    const answer = await fetch(url, {
      headers: { "X-Asked-By-Page": "1" },
      credentials: "same-origin",
      redirect: "error",
    });
    if (!answer.ok) {
      throw new Error(answer.status);
    }
    return new DOMParser().parseFromString(await answer.text(), "text/html");
  };

  function put(id, fresh) {
    const old = document.getElementById(id);
    const found = fresh.getElementById(id);
    const focused = old.contains(document.activeElement) ? document.activeElement : null;
    old.replaceWith(found);
    if (focused) {
      const same = focused.getAttribute("href");
      const again = same && found.querySelector(`a[href="${CSS.escape(same)}"]`);
      (again || statusNow()).focus({ preventScroll: true });
    }
  }

  function tell({ atOnce = false } = {}) {
    if (atOnce || Date.now() - saidAt > SAID_EVERY) {
      saidAt = Date.now();
      said.textContent = statusNow().dataset.said;
    }
  }

  async function refresh() {
    const url = statusNow().dataset.progressUrl;
    try {
      if (!document.hidden) {
        put("job-status", await ask(url));
        tell();
      }
    } catch {
      return; // signed out, or the network is gone: the page stays as it is
    }
    if ("underWay" in statusNow().dataset) {
      setTimeout(refresh, EVERY);
      return;
    }
    tell({ atOnce: true });
    put("job-rows", await ask(window.location.href));
  }

  if ("underWay" in statusNow().dataset) {
    setTimeout(refresh, EVERY);
  }
})();
