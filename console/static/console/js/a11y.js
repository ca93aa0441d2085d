/*
 * What Unfold's pages lack for keyboards and screen readers, where no template of ours replaces
 * the markup: names for icon buttons, focus for things that only take clicks, roles for sheets.
 */
(() => {
  "use strict";

  const NATIVE = "a[href], button, input, select, textarea, summary, label";
  const ICON = ".material-symbols-outlined";
  // A click beside a sheet closes it; the keyboard has Escape for that.
  const BACKDROP = ".absolute, .desk-scrim";

  const isIcon = (element) => element.matches(ICON);
  const words = () => document.getElementById("desk-words")?.dataset ?? {};

  function visibleText(element) {
    const copy = element.cloneNode(true);
    copy.querySelectorAll(`${ICON}, template`).forEach((part) => part.remove());
    return isIcon(element) ? "" : copy.textContent.trim();
  }

  function iconName(element) {
    const icon = isIcon(element) ? element : element.querySelector(ICON);
    // expand_more in the page is data-expand-more on the list of words.
    return (icon?.textContent.trim() ?? "").replace(/_(\w)/g, (_, letter) => letter.toUpperCase());
  }

  function nameIt(element) {
    const named = element.ariaLabel || element.hasAttribute("aria-labelledby") || element.title;
    if (!named && !visibleText(element)) {
      const name = words()[iconName(element)];
      if (name) {
        element.setAttribute("aria-label", name);
      }
    }
  }

  function pressOnKey(event) {
    if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      event.currentTarget.click();
    }
  }

  const clickRule = (element) =>
    element.getAttribute("x-on:click") ?? element.getAttribute("@click");

  // A whole cell or row that opens something: its icon is what should take the focus.
  function focusTarget(element) {
    return element.matches("td, tr") ? (element.querySelector(ICON) ?? element) : element;
  }

  function tellState(element, target, flag) {
    const state = () => {
      const data = window.Alpine?.$data(element);
      if (data && flag in data) {
        target.setAttribute("aria-expanded", String(Boolean(data[flag])));
      }
    };
    element.addEventListener("click", () => requestAnimationFrame(state));
    state();
  }

  function makeOperable(element) {
    if (element.matches(`${NATIVE}, [data-operable], ${BACKDROP}`)) {
      return;
    }
    element.dataset.operable = "yes";
    const target = focusTarget(element);
    target.removeAttribute("aria-hidden");
    target.setAttribute("role", "button");
    target.tabIndex = 0;
    target.addEventListener("keydown", pressOnKey);
    nameIt(target);
    const flag = clickRule(element).match(/(\w+) = .*!\s*\1\b/)?.[1];
    if (flag) {
      tellState(element, target, flag);
    }
  }

  function labelSheet(selector, name) {
    document.querySelectorAll(selector).forEach((sheet) => {
      sheet.setAttribute("role", "dialog");
      sheet.setAttribute("aria-modal", "true");
      sheet.setAttribute("aria-label", name);
    });
  }

  function nameRadios(group) {
    const label = document.querySelector(`label[for="${CSS.escape(group.id)}"]`);
    group.setAttribute("role", "radiogroup");
    group.setAttribute("aria-label", label?.textContent.replace("*", "").trim() ?? "");
  }

  function mend(root) {
    root.querySelectorAll(ICON).forEach((icon) => {
      if (!icon.hasAttribute("role")) {
        icon.setAttribute("aria-hidden", "true");
      }
    });
    root.querySelectorAll("[x-on\\:click], [\\@click]").forEach(makeOperable);
    root.querySelectorAll("a[href], button").forEach(nameIt);
    root.querySelectorAll("span[aria-label]:not([role])").forEach((span) => {
      span.setAttribute("role", "img");
    });
    root.querySelectorAll("input[placeholder]").forEach((field) => {
      if (!field.labels?.length && !field.ariaLabel) {
        field.setAttribute("aria-label", field.placeholder);
      }
    });
    root.querySelectorAll("div[id]:has(> div > label > input[type=radio])").forEach(nameRadios);
    root.querySelectorAll("a.active:not([aria-current])").forEach((link) => {
      link.setAttribute("aria-current", "page");
    });
  }

  function mendLists(root) {
    root.querySelectorAll("thead th").forEach((cell) => {
      if (!cell.textContent.trim() && !cell.children.length) {
        const empty = document.createElement("td");
        empty.className = cell.className;
        cell.replaceWith(empty);
      }
    });
    root.querySelectorAll("thead th").forEach((cell) => {
      const way = cell.matches(".ascending") ? "ascending" : "descending";
      if (cell.matches(".sorted")) {
        cell.setAttribute("aria-sort", way);
      }
    });
    root.querySelectorAll("#result_list").forEach((table) => {
      const frame = table.parentElement;
      frame.tabIndex = 0;
      frame.setAttribute("role", "region");
      frame.setAttribute("aria-label", document.querySelector("h1")?.textContent.trim() ?? "");
    });
    document.querySelectorAll("#changelist-filter h3").forEach((heading) => {
      heading.setAttribute("aria-level", "2");
    });
  }

  // A live region speaks of what changes in it, not of what the page came with.
  function speakMessages() {
    const region = document.getElementById("desk-messages");
    const said = region?.firstElementChild;
    if (said) {
      said.remove();
      setTimeout(() => region.append(said), 150);
    }
  }

  // The browser looked for autofocus while Alpine still kept the page hidden.
  function focusFirst() {
    if (document.activeElement === document.body) {
      document.querySelector("main [autofocus]")?.focus();
    }
  }

  function mendPage() {
    labelSheet("#modal-content", words().dialog);
    labelSheet("#changelist-filter > div:last-child", words().filterList);
    mendLists(document);
    mend(document);
    speakMessages();
    requestAnimationFrame(focusFirst);
  }

  // The sheet of filters opens by a flag: put the focus where the eye goes, and back again.
  window.addEventListener("desk:filters", ({ detail }) => {
    const sheet = document.getElementById("changelist-filter");
    const next = detail.open
      ? sheet?.querySelector("input:not([type=hidden]), select, a[href], button")
      : document.querySelector(".filter-open-button");
    setTimeout(() => next?.focus(), 60);
  });

  // The menu of the person signed in is a native disclosure, which stays open by itself.
  function closeUserMenu(event) {
    const menu = document.querySelector(".desk-user[open]");
    const leaves = event.type === "keydown" ? event.key === "Escape" : !menu?.contains(event.target);
    if (menu && leaves) {
      if (menu.contains(document.activeElement)) {
        menu.querySelector("summary").focus();
      }
      menu.open = false;
    }
  }

  document.addEventListener("keydown", closeUserMenu);
  document.addEventListener("click", closeUserMenu);
  document.addEventListener("alpine:initialized", mendPage);
  document.addEventListener("htmx:afterSettle", (event) => mend(event.target.parentElement ?? document));
})();
