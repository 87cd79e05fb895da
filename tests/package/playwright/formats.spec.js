// What docs/testing.md does not print: every wire format in both modes, and a model that is asked for
// what it was not told to expect.

import { expect, test } from "@playwright/test";
import { journalOf, personAt, scriptedModel } from "holdpoint/testing";

const calls = [{ name: "transfer", arguments: { amount: 500, recipient: "Alice" } }];

for (const api of ["responses", "chat", "messages"]) {
  for (const mode of ["tools", "plan"]) {
    test(`the model speaks ${api} in the mode ${mode}`, async ({ page }) => {
      const model = scriptedModel([
        { text: "One moment.", calls, expect: { api, mode, text: "500", tools: ["transfer"] } },
        { text: "It is sent.", expect: { api } },
      ]);
      const { agent, person } = await open(page, model, `/?api=${api}&mode=${mode}`);
      await person.say("Send 500 to Alice");
      await person.approve();
      await expect(agent.getByText("It is sent.")).toBeVisible();
      model.finish();
      expect(model.requests[0].text).toBe("Send 500 to Alice");
      if (mode === "tools") expect(model.requests[1].results).toEqual([{ sent: 500 }]);
      else expect(model.requests[1].text).toContain('"sent":500');
    });
  }
}

test("what cannot be undone is signed with a word", async ({ page }) => {
  const model = scriptedModel([{ calls }, { text: "It is sent." }]);
  const { agent, person } = await open(page, model, "/?critical");
  await person.say("Send 500 to Alice");
  await person.approve();
  await expect(agent.getByText("It is sent.")).toBeVisible();
});

test("a model that is asked for something else says what", async ({ page }) => {
  const model = scriptedModel([{ text: "Hello.", expect: { text: /weather/ } }]);
  const { agent, person } = await open(page, model);
  await person.say("Send 500 to Alice");
  await expect(agent.getByText(/expects text \/weather\/, and finds "Send 500 to Alice"/)).toBeVisible();
  expect(() => model.finish()).toThrow("expects text /weather/");
});

test("a script that has ended says so, and one that was not used up too", async ({ page }) => {
  const model = scriptedModel([]);
  const { agent, person } = await open(page, model);
  await person.say("Send 500 to Alice");
  await expect(agent.getByText("the script has ended")).toBeVisible();
  expect(() => model.finish()).toThrow("the script has ended");
  expect(() => scriptedModel([{ text: "Hello." }]).finish()).toThrow("nobody asked for: 1");
});

test("a status of HTTP is asked again as the element does, and a page can stand in for the network", async ({ page }) => {
  await page.route("**/transfers", (route) => route.fulfill({ json: { sent: 500 } }));
  await page.goto("/");
  await page.evaluate(async (calls) => {
    const { scriptedModel } = await import("/testing.js");
    globalThis.model = scriptedModel([{ status: 503 }, { calls }, { text: "It is sent." }]);
    globalThis.fetch = model.fetch;
  }, calls);
  const agent = page.locator("holdpoint-agent");
  const person = personAt(agent);
  await person.say("Send 500 to Alice");
  await person.approve();
  await expect(agent.getByText("It is sent.")).toBeVisible();
  await page.evaluate(() => model.finish());
  const kinds = await page.evaluate(async () => {
    const { journalOf } = await import("/testing.js");
    return (await journalOf(document.querySelector("holdpoint-agent"))).map(({ kind }) => kind);
  });
  expect(kinds).toEqual((await journalOf(agent)).map(({ kind }) => kind));
  expect(kinds).toContain("tool_finished");
});

async function open(page, model, path = "/") {
  await page.route("**/v1/**", model.route);
  await page.route("**/transfers", (route) => route.fulfill({ json: { sent: 500 } }));
  await page.goto(path);
  const agent = page.locator("holdpoint-agent");
  return { agent, person: personAt(agent) };
}
