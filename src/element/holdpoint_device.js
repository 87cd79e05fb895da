// The browser's own model (https://webmachinelearning.github.io/prompt-api/), for `api="on-device"`.
//
// It is fetched with the first question. A question comes and is answered in the format of Chat
// Completions, so that an answer takes the way of any other. Nothing is kept between two questions:
// each gets a session of its own, made of the conversation as the journal has it.

/** Why there is no answer, as the widget reads it. */
class Fault extends Error {
  constructor(code, message, fix) {
    super(message);
    Object.assign(this, { code, fix });
  }
}

const USE_ANOTHER = "set `api` to another one, or use a current Chrome on a computer with room for its model";

/**
 * Answers a question. `locale` is the language of the widget; `tell` is told how much of the model is
 * downloaded, as people write it, and with nothing when that is over.
 */
export async function ask(body, signal, locale, tell) {
  const { messages, response_format: format, tools } = JSON.parse(body);
  if (tools) {
    // What waits for a person would have to stay open in the middle of its answer.
    const message = "the browser's model makes plans, and this run calls tools as it goes";
    throw new Fault("mode_unavailable", message, "stop it, and ask again");
  }
  if (!globalThis.LanguageModel) {
    throw new Fault("model_unavailable", "this browser has no model of its own", USE_ANOTHER);
  }
  const said = conversation(messages);
  const prompt = said.pop().content;
  try {
    const options = await usable(new Intl.Locale(locale).language);
    const session = await create({ ...options, initialPrompts: said, signal }, locale, tell);
    try {
      return events(await answer(session, prompt, format?.json_schema?.schema, signal));
    } finally {
      session.destroy();
    }
  } catch (thrown) {
    throw faultOf(thrown);
  }
}

/** The conversation in the roles that there are, the question last. */
function conversation(messages) {
  const said = messages.map(({ role, content, tool_calls: calls }) => ({
    role: role === "tool" ? "user" : role,
    // What was called in another mode is told in words.
    content: [content, calls && JSON.stringify(calls)].filter(Boolean).join("\n"),
  }));
  if (said.at(-1)?.role !== "user") said.push({ role: "user", content: "Go on." });
  return said;
}

/** Options under which there is a model, in the language of the widget if it knows that. */
async function usable(language) {
  for (const spoken of new Set([language, "en"])) {
    const text = [{ type: "text", languages: [...new Set(["en", spoken])] }];
    const options = { expectedInputs: text, expectedOutputs: text };
    const availability = await LanguageModel.availability(options);
    if (availability === "available") return options;
    if (availability === "unavailable") continue;
    // A browser lets a download of gigabytes begin by a press alone.
    if (!navigator.userActivation?.isActive) throw notDownloaded();
    return options;
  }
  const message = "the model of this browser cannot be used on this device";
  throw new Fault("model_unavailable", message, USE_ANOTHER);
}

const notDownloaded = () =>
  new Fault(
    "model_not_downloaded",
    "the browser has to download its model first, and does so when someone presses a button",
    "press the button to try again, and leave the page open until it is there",
  );

async function create(options, locale, tell) {
  const percent = new Intl.NumberFormat(locale, { style: "percent" });
  let told;
  const progressed = ({ loaded }) => {
    // Whoever has it read aloud need not hear of each hundredth.
    const step = percent.format(Math.floor(loaded * 20) / 20);
    if (step !== told) tell((told = step));
  };
  const monitor = (model) => model.addEventListener("downloadprogress", progressed);
  try {
    return await LanguageModel.create({ ...options, monitor });
  } finally {
    if (told) tell(null);
  }
}

async function answer(session, prompt, schema, signal) {
  if (!schema) return session.prompt(prompt, { signal });
  try {
    return await session.prompt(prompt, { responseConstraint: schema, signal });
  } catch (thrown) {
    if (thrown.name !== "NotSupportedError") throw thrown;
  }
  // A schema that it cannot be held to it is asked for in words; the answer is checked in any case.
  const words = `Answer with JSON alone, by this JSON Schema:\n${JSON.stringify(schema)}`;
  const said = await session.prompt(`${prompt}\n\n${words}`, { signal });
  return said.replace(/^\s*```(?:json)?\s*([^]*?)\s*```\s*$/, "$1");
}

/** An answer as a stream of Chat Completions. */
function events(content) {
  const record = (choice) => `data: ${JSON.stringify({ choices: [{ index: 0, ...choice }] })}\n\n`;
  return (
    record({ delta: { role: "assistant", content }, finish_reason: null }) +
    record({ delta: {}, finish_reason: "stop" }) +
    "data: [DONE]\n\n"
  );
}

function faultOf(thrown) {
  if (thrown instanceof Fault) return thrown;
  if (thrown.name === "NotAllowedError") return notDownloaded();
  if (thrown.name === "QuotaExceededError") {
    const message = "the conversation is longer than the browser's model can read";
    return new Fault("context_full", message, "begin a new conversation, or ask for less at once");
  }
  const message = `the browser's model failed: ${thrown.message}`;
  return new Fault("model_failed", message, "try again; if it stays, ask in other words");
}
