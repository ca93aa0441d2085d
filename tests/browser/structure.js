// Runs in the page: what a keyboard or a screen reader cannot reach or name.
() => {
  const found = [];
  const NATIVE = "a[href], button, input, select, textarea, summary, label, option";
  const shown = (element) => element.checkVisibility({ visibilityProperty: true });
  const brief = (element) => element.outerHTML.replace(/\s+/g, " ").slice(0, 110);
  const say = (text, element) => found.push(element ? `${text}: ${brief(element)}` : text);

  if (document.querySelectorAll("main, [role=main]").length !== 1) say("not exactly one main");
  if ([...document.querySelectorAll("h1")].filter(shown).length !== 1) say("not exactly one h1");
  if (!document.title.trim()) say("no title");
  if (!document.documentElement.lang) say("no language");

  for (const element of document.querySelectorAll("[x-on\\:click], [\\@click], [onclick]")) {
    const reachable = element.matches(NATIVE) || element.tabIndex >= 0 ||
      [...element.querySelectorAll("[tabindex='0'], button, a[href]")].some(shown);
    const decoration = element.matches(".absolute, .desk-scrim");
    if (shown(element) && !reachable && !decoration) say("takes clicks but no focus", element);
  }
  for (const element of document.querySelectorAll("a[href], button, [role=button], summary")) {
    const copy = element.cloneNode(true);
    copy.querySelectorAll("[aria-hidden=true]").forEach((part) => part.remove());
    const name = element.ariaLabel || element.title || copy.textContent.trim() ||
      element.getAttribute("aria-labelledby") || copy.querySelector("img[alt]:not([alt='']), [title], [aria-label]");
    if (shown(element) && !name) say("has no name", element);
  }
  for (const image of document.querySelectorAll("img:not([alt])")) say("image without alt", image);
  for (const element of document.querySelectorAll("[style]")) {
    // Scripts may set styles; a server-written attribute would be refused by the policy.
    if (element.getAttribute("style").includes("url(")) say("style attribute with url", element);
  }
  for (const field of document.querySelectorAll("input:not([type=hidden]), select, textarea")) {
    if (shown(field) && !field.labels?.length && !field.ariaLabel &&
        !field.getAttribute("aria-labelledby")) say("field without a label", field);
  }
  return found;
}
