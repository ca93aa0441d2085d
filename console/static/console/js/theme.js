/* Puts the viewer's theme on the page before anything is painted; a page with Alpine takes over. */
(() => {
  "use strict";
  let chosen = "auto";
  try {
    // Alpine's persist plugin keeps JSON.
    chosen = JSON.parse(localStorage.getItem("adminTheme")) ?? "auto";
  } catch {
    // A value that nobody here wrote is as good as none.
  }
  const prefersDark = window.matchMedia("(prefers-color-scheme: dark)").matches;
  if (chosen === "dark" || (chosen === "auto" && prefersDark)) {
    document.documentElement.classList.add("dark");
  }
  if (localStorage.getItem("sidebarOpen") === "0") {
    document.documentElement.classList.add("desk-menu-away");
  }
})();
