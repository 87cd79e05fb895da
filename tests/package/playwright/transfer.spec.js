import { expect, test } from "@playwright/test";
import { crashAt, crashed, journalOf, personAt, scriptedModel } from "holdpoint/testing";

const transfer = { name: "transfer", arguments: { amount: 500, recipient: "Alice" } };
const script = [
  { calls: [transfer], expect: { text: "Alice", tools: ["transfer"] } },
  { text: "It is sent.", expect: { results: [{ sent: 500 }] } },
];

/** Opens the page with a model that says what it is told to, and counts the transfers that it makes. */
async function open(page, answers = script, path = "/") {
  const model = scriptedModel(answers);
  const sent = [];
  await page.route("**/v1/**", model.route);
  await page.route("**/transfers", (route) => {
    sent.push(route.request().headers()["idempotency-key"]);
    return route.fulfill({ json: { sent: 500 } });
  });
  await page.goto(path);
  const agent = page.locator("holdpoint-agent");
  return { model, sent, agent, person: personAt(agent) };
}

test("a transfer is made once a person approves it", async ({ page }) => {
  const { model, sent, agent, person } = await open(page);
  await person.say("Send 500 to Alice");
  await expect(person.card()).toContainText("transfers above 100 need a person");
  expect(sent).toHaveLength(0);

  await person.approve();
  await expect(agent.getByText("It is sent.")).toBeVisible();
  expect(sent).toHaveLength(1);
  model.finish();
});

test("a transfer that is denied is not made", async ({ page }) => {
  const results = [{ status: "denied", reason: "not this month" }];
  const answers = [script[0], { text: "It is not sent.", expect: { results } }];
  const { model, sent, agent, person } = await open(page, answers);
  await person.say("Send 500 to Alice");
  await person.deny("not this month");
  await expect(agent.getByText("It is not sent.")).toBeVisible();
  expect(sent).toHaveLength(0);
  model.finish();
});

test("a crash behind the decision makes it once", async ({ page }) => {
  const { model, sent, agent, person } = await open(page);
  await person.say("Send 500 to Alice");
  await page.evaluate(crashAt("after decided"));
  await person.approve();
  await crashed(page);
  expect(sent).toHaveLength(0);

  await page.reload();
  await expect(agent.getByText("It is sent.")).toBeVisible();
  expect(sent).toHaveLength(1);
  const kinds = (await journalOf(agent)).map(({ kind }) => kind);
  expect(kinds.filter((kind) => kind === "decided")).toHaveLength(1);
  model.finish();
});

test("a crash before the result is kept leaves it in doubt", async ({ page }) => {
  const { sent, agent, person } = await open(page);
  await person.say("Send 500 to Alice");
  await page.evaluate(crashAt("before tool_finished"));
  await person.approve();
  await crashed(page);

  await page.reload();
  await expect(agent.getByText("it may happen twice")).toBeVisible();
  await person.press("It happened");
  await expect(person.card()).toHaveCount(0);
  expect(sent).toHaveLength(1);
});
