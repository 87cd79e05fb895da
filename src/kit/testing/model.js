/**
 * A model that says what it was told to, in whatever wire format and mode it is asked in, and fails in
 * words where it is asked for something else.
 */
export function scriptedModel(script) {
  const turns = [...script];
  const passOn = globalThis.fetch;
  /** What it was asked, and what went wrong, in order. */
  const requests = [];
  const faults = [];
  let last;

  function refuse(code, message) {
    faults.push(message);
    // A status that the element does not ask again for.
    return failure(400, code, message);
  }

  /** Answers one request: `{ status, headers, body }`. */
  function answer({ url, body }) {
    const format = formatOf(url);
    if (!format) return refuse("script_endpoint", `no wire format is spoken at ${url}`);
    // A page that died before it kept the answer asks the same again, and is told the same again.
    if (last?.body === body) return last.reply;
    let request;
    try {
      request = { api: format.api, raw: JSON.parse(body), ...format.read(JSON.parse(body)) };
    } catch {
      return refuse("script_request", `a request that is no JSON: ${body}`);
    }
    requests.push(request);
    const number = requests.length;
    if (turns.length === 0) {
      const asked = JSON.stringify(request.text);
      return refuse("script_ended", `the script has ended, and is asked for answer ${number}: ${asked}`);
    }
    const turn = turns.shift();
    const misfit = misfitOf(turn.expect, request);
    if (misfit) return refuse("script_mismatch", `answer ${number} of the script ${misfit}`);
    if (turn.status) return failure(turn.status, "script_failure", turn.text ?? "the script says no");
    const reply = stream(format.records(said(turn, request, number)));
    last = { body, reply };
    return reply;
  }

  return {
    requests,
    faults,
    answer,
    /** In the place of `fetch`; what is not for a model goes to the one that was there before. */
    async fetch(input, init) {
      const url = String(input?.url ?? input);
      if (!formatOf(url)) return passOn(input, init);
      const isRequest = typeof input === "object" && "url" in input;
      const body = init?.body ?? (isRequest ? await input.clone().text() : "");
      const { status, headers, body: text } = answer({ url, body });
      return new Response(text, { status, headers });
    },
    /** For `page.route` of Playwright. */
    async route(route) {
      const request = route.request();
      await route.fulfill(answer({ url: request.url(), body: request.postData() ?? "" }));
    },
    /** Throws where something was not as the script says, or some of it was never asked for. */
    finish() {
      const unused = turns.length > 0 ? [`answers of the script that nobody asked for: ${turns.length}`] : [];
      const wrong = [...faults, ...unused];
      if (wrong.length > 0) throw new Error(wrong.join("\n"));
    },
  };
}

/** What a turn says, with everything that it leaves out. */
function said({ text = "", calls = [] }, { mode }, number) {
  const named = calls.map(({ name, arguments: args = {}, ...more }, index) => {
    return { id: `call_${number}_${index}`, name, arguments: args, ...more };
  });
  if (mode !== "plan") return { text, calls: named, number };
  const actions = named.map(({ name, arguments: args, reason = "", asksPerson = false }) => ({
    action: name,
    arguments: args,
    requires_confirmation: asksPerson,
    reason,
    depends_on: null,
  }));
  return { text: JSON.stringify({ reply: text, actions }), calls: [], number };
}

function misfitOf(expect, request) {
  if (expect === undefined) return;
  if (typeof expect === "function") {
    return expect(request) === false ? "does not take this request" : undefined;
  }
  for (const [name, wanted] of Object.entries(expect)) {
    const found = request[name];
    const fits =
      wanted instanceof RegExp ? wanted.test(found)
      : name === "text" ? found.includes(wanted)
      : name === "tools" ? wanted.every((tool) => found.includes(tool))
      : name in request ? contains(found, wanted)
      : false;
    if (!fits) {
      const shown = wanted instanceof RegExp ? String(wanted) : JSON.stringify(wanted);
      return `expects ${name} ${shown}, and finds ${JSON.stringify(found)}`;
    }
  }
}

/** Whether all that is wanted is there; objects may have more. */
function contains(found, wanted) {
  if (typeof wanted !== "object" || wanted === null) return found === wanted;
  if (typeof found !== "object" || found === null) return false;
  if (Array.isArray(wanted) && found.length !== wanted.length) return false;
  return Object.entries(wanted).every(([key, value]) => contains(found[key], value));
}

function failure(status, code, message) {
  const headers = { "content-type": "application/json" };
  return { status, headers, body: JSON.stringify({ error: { code, message } }) };
}

function stream(records) {
  return { status: 200, headers: { "content-type": "text/event-stream" }, body: records.join("") };
}

const named = (event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`;

const words = (content) =>
  Array.isArray(content) ? content.map(({ text }) => text ?? "").join("") : content ?? "";

function result(text) {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** The results at the end of a conversation, which are those of the last turn. */
const latest = (list, isResult) => list.slice(list.findLastIndex((item) => !isResult(item)) + 1);

const formatOf = (url) => {
  const { pathname } = new URL(url, "http://model");
  return FORMATS.find(({ path }) => pathname.endsWith(path));
};

const FORMATS = [
  {
    api: "responses",
    path: "/responses",
    read({ input, tools = [], text }) {
      const isResult = ({ type }) => type === "function_call_output";
      return {
        mode: text?.format ? "plan" : "tools",
        text: words(input.findLast(({ role }) => role === "user")?.content),
        tools: text?.format ? planned(text.format.schema) : tools.map(({ name }) => name),
        results: latest(input, isResult).map(({ output }) => result(output)),
      };
    },
    records({ text, calls, number }) {
      const output = calls.map(({ id, name, arguments: args }) => {
        const written = JSON.stringify(args);
        return { type: "function_call", id: `fc_${id}`, call_id: id, name, arguments: written, status: "completed" };
      });
      const events = [];
      if (text || output.length === 0) {
        const content = [{ type: "output_text", text, annotations: [] }];
        const item = { type: "message", id: `msg_${number}`, role: "assistant", status: "completed" };
        events.push({
          type: "response.output_text.delta", item_id: item.id, output_index: 0, content_index: 0, delta: text,
        });
        output.unshift({ ...item, content });
      }
      for (const [output_index, item] of output.entries()) {
        events.push({ type: "response.output_item.done", output_index, item });
      }
      const response = { id: `resp_${number}`, object: "response", status: "completed", output };
      const usage = { input_tokens: 1, output_tokens: 1, total_tokens: 2 };
      return [...events, { type: "response.completed", response: { ...response, usage } }].map(named);
    },
  },
  {
    api: "chat",
    path: "/chat/completions",
    read({ messages, tools = [], response_format: format }) {
      return {
        mode: format ? "plan" : "tools",
        text: words(messages.findLast(({ role }) => role === "user")?.content),
        tools: format ? planned(format.json_schema.schema) : tools.map(({ function: { name } }) => name),
        results: latest(messages, ({ role }) => role === "tool").map(({ content }) => result(content)),
      };
    },
    records({ text, calls, number }) {
      const tool_calls = calls.map(({ id, name, arguments: args }, index) => {
        return { index, id, type: "function", function: { name, arguments: JSON.stringify(args) } };
      });
      const chunk = (choices, usage = null) => {
        const object = "chat.completion.chunk";
        return `data: ${JSON.stringify({ id: `chatcmpl-${number}`, object, choices, usage })}\n\n`;
      };
      const content = text || calls.length === 0 ? { content: text } : {};
      const delta = { role: "assistant", ...content, ...(calls.length > 0 ? { tool_calls } : {}) };
      const finish_reason = calls.length > 0 ? "tool_calls" : "stop";
      return [
        chunk([{ index: 0, delta, finish_reason: null }]),
        chunk([{ index: 0, delta: {}, finish_reason }]),
        chunk([], { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 }),
        "data: [DONE]\n\n",
      ];
    },
  },
  {
    api: "messages",
    path: "/messages",
    read({ messages, tools = [], output_config: config, system = "" }) {
      // Where no strict schema can be had, it is in the instructions.
      const [, inWords] = system.split("by this JSON Schema: ");
      const schema = config?.format?.schema ?? (inWords && JSON.parse(inWords));
      const blocks = messages.flatMap(({ role, content }) =>
        (Array.isArray(content) ? content : [{ type: "text", text: content }]).map((block) => ({ role, ...block })),
      );
      const isResult = ({ type }) => type === "tool_result";
      return {
        mode: schema ? "plan" : "tools",
        text: blocks.findLast(({ role, type }) => role === "user" && type === "text")?.text ?? "",
        tools: schema ? planned(schema) : tools.map(({ name }) => name),
        results: latest(blocks, isResult).map(({ content }) => result(words(content))),
      };
    },
    records({ text, calls, number }) {
      const usage = { input_tokens: 1, output_tokens: 1 };
      const message = { id: `msg_${number}`, type: "message", role: "assistant", content: [], usage };
      const blocks = calls.map(({ id, name, arguments: args }) => [
        { type: "tool_use", id, name, input: {} },
        { type: "input_json_delta", partial_json: JSON.stringify(args) },
      ]);
      if (text || calls.length === 0) blocks.unshift([{ type: "text", text: "" }, { type: "text_delta", text }]);
      const stop_reason = calls.length > 0 ? "tool_use" : "end_turn";
      return [
        { type: "message_start", message },
        ...blocks.flatMap(([content_block, delta], index) => [
          { type: "content_block_start", index, content_block },
          { type: "content_block_delta", index, delta },
          { type: "content_block_stop", index },
        ]),
        { type: "message_delta", delta: { stop_reason, stop_sequence: null }, usage: { output_tokens: 1 } },
        { type: "message_stop" },
      ].map(named);
    },
  },
];

/** The tools that a plan may name. */
function planned(schema) {
  const items = schema.properties.actions.items;
  return (items.anyOf ?? [])
    .map(({ properties }) => properties.action.enum[0]);
}
