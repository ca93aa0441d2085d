/* Puts the viewer's theme on pages that run without Alpine, before anything is painted. */
(() => {
  "use strict";
  let chosen = "auto";
  try {
    // Alpine's persist plugin keeps JSON.
    chosen = JSON.parse(window.localStorage.getItem("adminTheme")) ?? "auto";
  } catch {
    // A value that nobody here wrote is as good as none.
  }
  const prefersDark = window.matchMedia("(prefers-color-scheme: dark)").matches;
  if (chosen === "dark" || (chosen === "auto" && prefersDark)) {
    document.documentElement.classList.add("dark");
  }
})();
