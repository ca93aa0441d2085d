/*
 * Lets Unfold 0.110 run on Alpine's CSP build.
 *
 * That build has its own small expression parser instead of eval: it knows no statements, no
 * template literals, and sees no globals. Loaded through UNFOLD["SCRIPTS"]: after htmx, before
 * Unfold's app.js, and before Alpine, which is deferred.
 */
(() => {
  "use strict";

  // htmx would write a <style> element and evaluate hx-on and hx-vals, both against the policy; and
  // its history keeps copies of pages in the browser's storage, where no page of ours may lie.
  Object.assign(htmx.config, {
    allowEval: false,
    historyEnabled: false,
    includeIndicatorStyles: false,
    selfRequestsOnly: true,
  });

  // Below this width the menu lies over the page, so it starts closed (css/shell.css agrees).
  const wideScreen = window.matchMedia("(min-width: 1024px)");

  const REWRITES = new Map([
    [
      "if (!$event.target.closest('a')) { rowOpen = !rowOpen }",
      "rowOpen = $event.target.closest('a') ? rowOpen : !rowOpen",
    ],
    ["'width: ' + changeListWidth + 'px'", "{width: changeListWidth + 'px'}"],
    [
      "activeTab && activeTab !== 'general' ? window.location.pathname + window.location.search" +
        " + '#' + activeTab : window.location.pathname + window.location.search",
      "formAction(activeTab)",
    ],
  ]);

  // Keeps the tab of a form in the address of the next page of a list; our lists have no tabs,
  // and without the rule the link is a link.
  const DROPPED = new Set(["window.location.href = $el.href + window.location.hash"]);

  function rewrite(root) {
    for (const element of root.querySelectorAll("*")) {
      for (const { name, value } of [...element.attributes]) {
        if (REWRITES.has(value)) {
          element.setAttribute(name, REWRITES.get(value));
        } else if (DROPPED.has(value)) {
          element.removeAttribute(name);
        }
      }
      if (element instanceof HTMLTemplateElement) {
        rewrite(element.content);
      }
    }
  }

  function formAction(tab) {
    const { pathname, search } = window.location;
    return pathname + search + (tab && tab !== "general" ? `#${tab}` : "");
  }

  function menuStartsOpen() {
    return wideScreen.matches && localStorage.getItem("sidebarOpen") !== "0";
  }

  // What Unfold's theme() does, less its single-key shortcuts (shortcuts.js has ours, which can
  // be switched off) and its resizing of the menu.
  function shell(theme) {
    const { "x-bind:class": themeClass } = theme.themeBindings;
    return Object.assign(theme, {
      themeBindings: { "x-bind:class": themeClass },
      formAction,
      getCurrentTab: () => window.getCurrentTab(),
      sidebarOpen: menuStartsOpen(),
      sidebarToggle() {
        this.sidebarOpen = !this.sidebarOpen;
        if (wideScreen.matches) {
          localStorage.setItem("sidebarOpen", this.sidebarOpen ? "1" : "0");
        } else if (this.sidebarOpen) {
          this.$nextTick(() => document.querySelector("#nav-sidebar a, #nav-sidebar button").focus());
        }
      },
      leaveSidebar() {
        if (!wideScreen.matches && this.sidebarOpen) {
          this.sidebarOpen = false;
          document.getElementById("desk-menu-toggle").focus();
        }
      },
      init() {
        wideScreen.addEventListener("change", () => {
          this.sidebarOpen = menuStartsOpen();
        });
        window.addEventListener("desk:open-menu", () => {
          this.sidebarOpen = true;
        });
        this.$watch("filterOpen", (open) => {
          this.filterModalOpen = open;
          window.dispatchEvent(new CustomEvent("desk:filters", { detail: { open } }));
        });
      },
    });
  }

  document.addEventListener("alpine:init", () => {
    rewrite(document);
    // From here on Alpine sets it; what it did not set itself it would never take away.
    document.documentElement.classList.remove("dark");
    const theme = window.theme;
    Alpine.data("theme", (chosen) => shell(theme(chosen)));
  });
})();
