// The form of the tester. What is typed stays in the page.

import { report } from "./headers_check.js";
import { row } from "./rows.js";

const form = document.querySelector("#try-headers");
const told = document.querySelector("#told");
const fields = form.elements;
const origin = (id) => fields[id].value.trim() && new URL(fields[id].value.trim()).origin;

fields.self.value = location.origin;

function test() {
  const options = { self: origin("self") || location.origin, notifications: fields.notifications.checked };
  for (const id of ["from", "endpoint", "worker"]) {
    if (origin(id)) options[id] = origin(id);
  }
  const rows = report(fields["headers-text"].value, options);
  told.replaceChildren(...rows.map(({ kind, word, text, line }) => row(kind, word, text, line)));
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  test();
});

document.querySelector("#own").addEventListener("click", async () => {
  try {
    const answer = await fetch(location.href, { method: "HEAD", cache: "no-store" });
    const lines = [...answer.headers].map(([name, value]) => `${name}: ${value}`);
    // A page may name its policy in its HTML as well; the browser holds it to both.
    for (const { content } of document.querySelectorAll("meta[http-equiv='Content-Security-Policy']")) {
      lines.push(`content-security-policy: ${content}`);
    }
    fields["headers-text"].value = lines.join("\n");
    test();
  } catch (error) {
    told.replaceChildren(row("bad", "Failed", `This page could not be asked for: ${error.message}`));
  }
});
