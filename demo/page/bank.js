// A bank of one account. Its ledger is a database of its own, and knows nothing of any agent.

const OPENING_CENTS = 1_000_00;

/**
 * An append-only ledger in IndexedDB. Fires `change` when an entry was booked, in this tab or in
 * another one.
 */
export class Bank extends EventTarget {
  #name;
  #channel;
  #database;

  constructor(name = "northbank") {
    super();
    this.#name = name;
    this.#channel = new BroadcastChannel(name);
    this.#channel.addEventListener("message", () => this.dispatchEvent(new Event("change")));
  }

  /** All entries, oldest first; amounts and balances in cents. */
  async entries() {
    return this.#transact("readonly", (store) => settled(store.getAll()));
  }

  /** The balance in cents. */
  async balance() {
    return this.#transact("readonly", async (store) => (await last(store)).balance);
  }

  /**
   * Books an amount under a key and returns the entry. A key books once: with the same key again,
   * the first entry comes back and nothing changes.
   */
  async book({ key, cents, text, result }) {
    const { entry, fresh } = await this.#transact("readwrite", async (store) => {
      const booked = await settled(store.index("key").get(key));
      if (booked) return { entry: booked, fresh: false };
      const before = await last(store);
      const balance = before.balance + cents;
      if (balance < 0) {
        throw new Error(`the balance of ${plain(before.balance)} does not cover ${plain(-cents)}`);
      }
      if (!Number.isSafeInteger(balance)) throw new Error("no account here holds that much");
      const number = before.number + 1;
      const entry = { number, key, at: Date.now(), text, cents, balance, result: result(balance) };
      store.add(entry);
      return { entry, fresh: true };
    });
    if (fresh) this.#changed();
    return entry;
  }

  /** The entry that was booked under a key, if there is one. */
  async find(key) {
    return this.#transact("readonly", (store) => settled(store.index("key").get(key)));
  }

  /** Goes back to the opening balance. */
  async reset() {
    await this.#transact("readwrite", (store) => {
      store.clear();
      return settled(store.add(opening()));
    });
    this.#changed();
  }

  #changed() {
    this.#channel.postMessage("change");
    this.dispatchEvent(new Event("change"));
  }

  /** Runs `work` in one transaction; what it returns is given out once the disk has it. */
  async #transact(mode, work) {
    const database = await (this.#database ??= this.#open());
    const transaction = database.transaction("entries", mode, { durability: "strict" });
    const committed = new Promise((resolve, reject) => {
      transaction.oncomplete = resolve;
      transaction.onabort = () => reject(transaction.error ?? new Error("the ledger is closed"));
    });
    // If the work fails, its own error is the one to report, and the abort that follows is not.
    committed.catch(() => {});
    try {
      const value = await work(transaction.objectStore("entries"));
      await committed;
      return value;
    } catch (error) {
      abort(transaction);
      throw error;
    }
  }

  #open() {
    const request = indexedDB.open(this.#name, 1);
    request.onupgradeneeded = () => {
      const store = request.result.createObjectStore("entries", { keyPath: "number" });
      store.createIndex("key", "key", { unique: true });
      store.add(opening());
    };
    const forget = () => (this.#database = undefined);
    return settled(request).then(
      (database) => {
        database.onclose = forget;
        database.onversionchange = () => {
          database.close();
          forget();
        };
        return database;
      },
      (error) => {
        forget();
        throw error;
      },
    );
  }
}

/** The bank's functions, in the shape in which a page offers tools to an agent. */
export function tools(bank) {
  const amount = { type: "number", exclusiveMinimum: 0, description: "In whole or decimal units" };
  const object = (properties) => ({
    type: "object",
    properties,
    required: Object.keys(properties),
    additionalProperties: false,
  });
  /** What the ledger says of a call whose end nobody saw. */
  const verify = async (key) => {
    const entry = await bank.find(key);
    return entry ? { happened: true, result: entry.result } : { happened: false };
  };

  return [
    {
      name: "check_balance",
      title: "Check balance",
      description: "Returns the balance of the account.",
      inputSchema: object({}),
      annotations: { readOnlyHint: true },
      summary: () => "Check the balance",
      execute: async () => ({ balance: units(await bank.balance()) }),
    },
    {
      name: "deposit",
      title: "Deposit",
      description: "Pays an amount into the account.",
      inputSchema: object({ amount }),
      annotations: { idempotentHint: true },
      approval: "never",
      summary: (args) => `Deposit ${args.amount}`,
      verify,
      execute: async (args, { idempotencyKey: key }) => {
        const cents = toCents(args.amount);
        const result = (balance) => ({ deposited: args.amount, balance: units(balance) });
        return (await bank.book({ key, cents, text: "Deposit", result })).result;
      },
    },
    {
      name: "transfer",
      title: "Transfer",
      description: "Transfers an amount from the account to a recipient.",
      inputSchema: object({
        amount,
        recipient: {
          type: "string",
          minLength: 1,
          maxLength: 80,
          description: "The name of who receives it",
        },
      }),
      annotations: { destructiveHint: false },
      approval: [
        {
          id: "transfer-above-100",
          when: {
            type: "object",
            properties: { amount: { exclusiveMinimum: 100 } },
            required: ["amount"],
          },
          because: "transfers above 100 need a person",
        },
      ],
      summary: (args) => `Transfer ${args.amount} to ${args.recipient}`,
      preview: async ({ amount }) => {
        const cents = await bank.balance();
        return { label: "Balance", before: units(cents), after: units(cents - toCents(amount)) };
      },
      precondition: async () => ({ balance: units(await bank.balance()) }),
      verify,
      execute: async ({ amount, recipient }, { idempotencyKey: key }) => {
        const cents = -toCents(amount);
        const text = `Transfer to ${recipient}`;
        const result = (balance) => ({ transferred: amount, recipient, balance: units(balance) });
        return (await bank.book({ key, cents, text, result })).result;
      },
    },
  ];
}

/** Whole cents, so that no sum is ever off by a rounding. */
function toCents(amount) {
  const cents = Math.round(amount * 100);
  if (!Number.isSafeInteger(cents) || cents <= 0 || cents / 100 !== amount) {
    throw new Error(`an amount is above 0 and has at most two decimals, ${amount} does not`);
  }
  return cents;
}

const units = (cents) => cents / 100;

const plain = (cents) => String(units(cents));

const opening = () => ({
  number: 0,
  key: "opening",
  at: Date.now(),
  text: "Opening balance",
  cents: OPENING_CENTS,
  balance: OPENING_CENTS,
});

async function last(store) {
  return (await settled(store.openCursor(null, "prev"))).value;
}

function settled(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

function abort(transaction) {
  try {
    transaction.abort();
  } catch {
    // It has ended already, and so there is nothing left to undo.
  }
}
