/*
 * Codes shown once, one at a time, for reading aloud.
 *
 * The server writes the codes as plain text, so that the page works without this script. The
 * script hides them, keeps them in this closure alone, shows the one that is asked for, and takes
 * every trace out of the page when time is up or the page is left. Never in an attribute, in
 * storage, in the address or in the title: those outlive the page.
 */
(() => {
  "use strict";

  const root = document.getElementById("relay");
  if (!root) {
    return;
  }

  const HOLD_MS = 400;
  const CLIPBOARD_MS = 30_000;
  const WARN_AT = 60;
  const MORE_SECONDS = 180;
  const part = (name) => root.querySelector(`[data-part="${name}"]`);
  const texts = (from, selector) =>
    [...from.querySelectorAll(selector)].map((element) => element.textContent);

  const entries = [...root.querySelectorAll(".relay-entry")];
  let codes = entries.map((entry) => ({
    groups: texts(entry, ".relay-clear > span"),
    words: texts(entry, ".relay-words span"),
    heard: false,
  }));
  let current = 0;
  let letter = -1;
  let shown = false;
  let guarded = true;
  let secondsLeft = Number(root.dataset.seconds);
  let clipboardHasCode = false;

  function element(name, text, className = "") {
    const made = document.createElement(name);
    made.textContent = text;
    made.className = className;
    return made;
  }

  function characterOf(character, index) {
    const digit = /\d/.test(character) ? "relay-digit" : "";
    const spoken = index === letter ? "relay-spoken" : "";
    return element("span", character, `${digit} ${spoken}`);
  }

  function wordOf(character, index) {
    const item = element("li", "", index === letter ? "relay-spoken" : "");
    item.append(element("b", character), ` ${codes[current].words[index]}`);
    return item;
  }

  // While hidden, a group is drawn as four dots: the code is not in the page's stage at all.
  function groupOf(group, groupIndex) {
    const item = element("li", "", "relay-group");
    const characters = element("span", "", "relay-characters");
    const words = element("ol", "", "relay-spelling");
    characters.setAttribute("aria-hidden", "true");
    [...group].forEach((character, index) => {
      const position = groupIndex * 4 + index;
      characters.append(shown ? characterOf(character, position) : element("span", "•"));
      words.append(shown ? wordOf(character, position) : element("li", "\u00a0"));
    });
    words.setAttribute("aria-hidden", String(!shown));
    item.append(characters, words);
    return item;
  }

  function draw() {
    const code = codes[current];
    part("groups").replaceChildren(...code.groups.map(groupOf));
    part("show").setAttribute("aria-pressed", String(shown));
    part("offer").hidden = shown;
    part("withdraw").hidden = !shown;
    part("heard").setAttribute("aria-pressed", String(code.heard));
    if (part("number")) {
      part("number").textContent = String(current + 1);
    }
    entries.forEach((entry, index) => {
      entry.querySelector(".relay-pick").setAttribute("aria-current", String(index === current));
      entry.querySelector(".relay-tick").hidden = !codes[index].heard;
    });
  }

  function show(wanted) {
    if (codes.length && shown !== wanted) {
      shown = wanted;
      letter = -1;
      part("voice").textContent = "";
      draw();
    }
  }

  function choose(index) {
    if (codes.length) {
      current = (index + codes.length) % codes.length;
      letter = -1;
      part("voice").textContent = "";
      draw();
    }
  }

  function step() {
    const { groups, words } = codes[current];
    letter = (letter + 1) % words.length;
    shown = true;
    draw();
    part("voice").textContent = `${groups.join("")[letter]}, ${words[letter]}`;
  }

  function markHeard() {
    const code = codes[current];
    code.heard = !code.heard;
    const next = codes.findIndex((other) => !other.heard);
    if (code.heard && next >= 0) {
      show(false);
      choose(next);
    }
    draw();
  }

  async function emptyClipboard() {
    if (clipboardHasCode) {
      clipboardHasCode = false;
      await navigator.clipboard.writeText("").catch(() => {});
    }
  }

  async function copy() {
    const words = part("words").dataset;
    try {
      await navigator.clipboard.writeText(codes[current].groups.join("-"));
      clipboardHasCode = true;
      part("news").textContent = words.copied;
      setTimeout(emptyClipboard, CLIPBOARD_MS);
    } catch {
      part("news").textContent = words.notCopied;
    }
  }

  function wipe() {
    if (!codes.length) {
      return;
    }
    codes = [];
    guarded = false;
    clearInterval(clock);
    emptyClipboard();
    part("stage").remove();
    root.querySelector(".relay-sheet").remove();
    part("print")?.remove();
    part("gone").hidden = false;
  }

  function tick() {
    secondsLeft -= 1;
    const minutes = Math.floor(secondsLeft / 60);
    part("left").textContent = `${minutes}:${String(secondsLeft % 60).padStart(2, "0")}`;
    if (secondsLeft === WARN_AT) {
      part("news").textContent = part("words").dataset.soon;
    }
    if (secondsLeft <= 0) {
      wipe();
      part("gone").focus();
    }
  }

  // A tap toggles; a press that lasts shows for as long as it lasts (some hands cannot hold).
  let pressedAt = null;
  let wasShown = false;

  function press() {
    pressedAt ??= performance.now();
    wasShown = shown;
    show(true);
  }

  function release() {
    if (pressedAt !== null) {
      const held = performance.now() - pressedAt > HOLD_MS;
      pressedAt = null;
      show(!(wasShown || held));
    }
  }

  function onKeyDown(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || !codes.length) {
      return;
    }
    const elsewhere = event.target.closest("button, a, input, summary, [role=button]");
    if (event.key === " " && (!elsewhere || elsewhere === part("show"))) {
      event.preventDefault();
      if (!event.repeat) {
        press();
      }
    } else if (event.key === "ArrowRight" || event.key === "ArrowLeft") {
      choose(current + (event.key === "ArrowRight" ? 1 : -1));
    }
  }

  function onShowClick(event) {
    // A click without a pointer comes from Enter or from a screen reader.
    if (event.detail === 0) {
      show(!shown);
    }
  }

  function bind() {
    const showButton = part("show");
    showButton.addEventListener("pointerdown", press);
    showButton.addEventListener("pointerup", release);
    showButton.addEventListener("pointerleave", release);
    showButton.addEventListener("click", onShowClick);
    part("previous")?.addEventListener("click", () => choose(current - 1));
    part("next")?.addEventListener("click", () => choose(current + 1));
    part("step").addEventListener("click", step);
    part("copy").addEventListener("click", copy);
    part("heard").addEventListener("click", markHeard);
    part("print")?.addEventListener("click", () => window.print());
    part("more").addEventListener("click", () => {
      secondsLeft += MORE_SECONDS;
    });
    part("done").addEventListener("click", wipe);
    entries.forEach((entry, index) => {
      entry.querySelector(".relay-pick").addEventListener("click", () => choose(index));
    });
  }

  document.addEventListener("keydown", onKeyDown);
  document.addEventListener("keyup", (event) => event.key === " " && release());
  document.addEventListener("visibilitychange", () => show(false));
  window.addEventListener("blur", () => show(false));
  window.addEventListener("pagehide", wipe);
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) {
      window.location.replace(root.dataset.doneUrl);
    }
  });
  window.addEventListener("beforeunload", (event) => {
    if (guarded) {
      event.preventDefault();
    }
  });

  // Reload and Back then fetch the account's page, where they would send the form again.
  history.replaceState(null, "", root.dataset.doneUrl);
  bind();
  root.classList.add("relay-live");
  part("stage").hidden = false;
  draw();
  const clock = setInterval(tick, 1000);
  secondsLeft += 1;
  tick();
  requestAnimationFrame(() => part("show").focus());
})();
