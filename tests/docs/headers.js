// The tester finds what is missing, and takes the headers of its own page.

const told = document.querySelector("#told");
const line = () => told.querySelector(".bad code")?.textContent;
const until = async (is) => {
  while (!is()) await new Promise(requestAnimationFrame);
};
document.querySelector("#headers-text").value = "Content-Security-Policy: script-src 'self'";
document.querySelector("#try-headers").requestSubmit();
await until(() => line() === "script-src 'self' 'wasm-unsafe-eval'");
document.querySelector("#own").click();
await until(() => told.querySelector(".ok") && !line());
