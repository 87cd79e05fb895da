// A rule that is typed is the one that is evaluated.

const until = async (is) => {
  while (!is()) await new Promise(requestAnimationFrame);
};
const form = document.querySelector("#try-policy");
const verdict = document.querySelector("#verdict");
await element();
for (const [args, word] of [
  ['{ "amount": 500, "recipient": "Alice" }', "ask"],
  ['{ "amount": 500, "recipient": "Mallory" }', "deny"],
  ['{ "amount": 50, "recipient": "Alice" }', "allow"],
]) {
  form.elements.arguments.value = args;
  form.requestSubmit();
  await until(() => verdict.textContent.startsWith(word));
}
form.elements.arguments.value = "{";
form.requestSubmit();
await until(() => verdict.textContent.startsWith("no JSON"));
