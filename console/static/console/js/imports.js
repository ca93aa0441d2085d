/* Says that a file is too large before it is sent: the server would hang up in the middle of it. */
(() => {
  "use strict";
  const form = document.getElementById("import-form");
  const file = form.querySelector("input[type=file]");
  const warning = document.getElementById("too-large");
  const isTooLarge = () => file.files.length > 0 && file.files[0].size > Number(file.dataset.limit);

  const look = (event) => {
    if (event.target === file) {
      // Unfold would write the name of the file into the next field of text, which is the ticket.
      event.stopPropagation();
      warning.hidden = !isTooLarge();
    }
  };

  form.addEventListener("change", look, { capture: true });
  form.addEventListener("submit", (event) => {
    if (isTooLarge()) {
      event.preventDefault();
      warning.hidden = false;
      file.focus();
    }
  });
})();
