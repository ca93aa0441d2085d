/* For every account page: the viewer's time zone, and a form that is sent once a press. */
(() => {
  "use strict";

  // A name such as Europe/Paris, so that the server can print times as the viewer knows them.
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (zone && !document.cookie.split("; ").includes(`timezone=${zone}`)) {
    const secure = window.location.protocol === "https:" ? "; Secure" : "";
    document.cookie = `timezone=${zone}; Path=/; Max-Age=31536000; SameSite=Lax${secure}`;
  }

  // A one-time code counts once: sent twice by an impatient thumb, the second would be refused.
  const buttonsOf = (form) => form.querySelectorAll("button:not([type=button])");
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.dataset.sent) {
      event.preventDefault();
      return;
    }
    form.dataset.sent = "yes";
    buttonsOf(form).forEach((button) => button.setAttribute("aria-disabled", "true"));
  });
  window.addEventListener("pageshow", () => {
    document.querySelectorAll("form[data-sent]").forEach((form) => {
      delete form.dataset.sent;
      buttonsOf(form).forEach((button) => button.removeAttribute("aria-disabled"));
    });
  });
})();
