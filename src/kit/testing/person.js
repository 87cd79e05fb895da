/**
 * What a person does with the widget, by real clicks: the widget takes no others for a decision.
 * `agent` is a locator of Playwright for a `<holdpoint-agent>`.
 */
export function personAt(agent) {
  const part = (name) => agent.locator(`[part~="${name}"]`);

  return {
    /** Writes a message and sends it. */
    async say(text) {
      await part("input").fill(text);
      await part("send-button").click();
    },

    /** The cards that wait for a decision. */
    card: () => agent.locator('[part~="approval-card"]:has([part~="approve-button"])'),

    /**
     * Approves the first card. It cannot be approved before it has stood still and all of it was on the
     * screen; where it asks for a word as a signature, that is written.
     */
    async approve({ word = "approve" } = {}) {
      const ready = agent.locator('[part~="approve-button"]:not([aria-disabled="true"])').first();
      await ready.waitFor();
      const unread = agent.locator('[part~="approve-button"][data-unread]');
      while ((await unread.count()) > 0) {
        await unread.first().click();
        await agent.locator('[part~="approve-button"]:not([data-unread])').first().waitFor();
      }
      await ready.click();
      if ((await part("confirm-word").count()) === 0) return;
      await part("confirm-word").fill(word);
      await part("confirm-button").click();
    },

    /** Denies the first card, and says why. */
    async deny(reason = "") {
      await part("deny-button").first().click();
      await part("deny-reason").fill(reason);
      await part("deny-button").first().click();
    },

    /** Presses the button that says this, as on a card in doubt. */
    press: (words) => agent.locator(`button:text-is(${JSON.stringify(words)})`).click(),
  };
}

/**
 * The journal of a run, or of the newest: its entries, each with the kind of its record.
 * `agent` is the element, or a locator of Playwright for it.
 */
export function journalOf(agent, runId) {
  // The element has a method `evaluate` too.
  return "exportRun" in agent ? read(agent, runId) : agent.evaluate(read, runId);
}

/** Settles when the page of Playwright is dead; see `crashAt`. */
export function crashed(page) {
  return page.evaluate(() => globalThis.holdpointCrash.died);
}

/** Runs in the page, so it may use nothing from outside of it. */
async function read(agent, runId) {
  const newest = [...agent.runs].sort((a, b) => b.createdAt - a.createdAt)[0];
  const file = JSON.parse(await (await agent.exportRun(runId ?? newest.id)).text());
  return file.entries.map((entry) => {
    const { record } = entry;
    return { ...entry, kind: typeof record === "string" ? record : Object.keys(record)[0] };
  });
}
