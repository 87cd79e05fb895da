// What else can happen to a database: other scripts, other versions, faults of the browser.

const answer = (request) =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
    request.onblocked = () => reject(new Error("blocked"));
  });

/** Puts a value into the database as a script of the page could. */
export async function put(name, store, value, key) {
  const database = await answer(indexedDB.open(name));
  await answer(database.transaction(store, "readwrite").objectStore(store).put(value, key));
  database.close();
}

/** Reads a value from the database. */
export async function get(name, store, key) {
  const database = await answer(indexedDB.open(name));
  const value = await answer(database.transaction(store).objectStore(store).get(key));
  database.close();
  return value;
}

/** Opens the database as a later version of the page would; fails if somebody blocks it. */
export async function upgrade(name, version) {
  (await answer(indexedDB.open(name, version))).close();
}

/** Makes the database as version 1 of it was left, with the first entry of one run. */
export async function firstVersion(name, text, hash) {
  const request = indexedDB.open(name, 1);
  request.onupgradeneeded = () => {
    const runs = request.result.createObjectStore("runs", { keyPath: "run" });
    runs.createIndex("by_open", "open");
    runs.createIndex("by_thread", "thread");
    runs.createIndex("by_updated", "updated");
    request.result.createObjectStore("entries");
    const [row, time] = [{ run: "run", thread: "thread", writer: "gone" }, { created: 0, updated: 0 }];
    const head = { len: 1, hash, epoch: 0 };
    runs.put({ ...row, ...time, ...head, status: "awaiting-approval", open: 1 });
    request.transaction.objectStore("entries").put(text, ["run", 0]);
  };
  (await answer(request)).close();
}

/** Deletes the database; fails if somebody blocks it. */
export async function remove(name) {
  await answer(indexedDB.deleteDatabase(name));
}

/** An exception as the browser makes it. */
export function exception(name) {
  return new DOMException("from a test", name);
}

/** An error whose class, and not its name, says what it is. */
export function quotaError() {
  class QuotaExceededError extends Error {}
  return new QuotaExceededError("from a test");
}

const factory = Object.getOwnPropertyDescriptor(globalThis, "indexedDB");

/**
 * Takes IndexedDB from the page (`fault` is "missing"), lets it throw that exception whenever it is
 * to open a database, or, with no fault, gives it back.
 */
export function breakFactory(fault) {
  const open = () => { throw exception(fault); };
  const broken = Object.create(IDBFactory.prototype, { open: { value: open } });
  const value = fault === "missing" ? undefined : broken;
  Object.defineProperty(globalThis, "indexedDB", fault ? { value, configurable: true } : factory);
}

/** The next transaction that writes is done, and whoever waits for it is told that it is lost. */
export function loseNextAnswer() {
  const prototype = IDBDatabase.prototype;
  const original = prototype.transaction;
  prototype.transaction = function (...given) {
    const transaction = original.apply(this, given);
    if (given[1] === "readwrite") {
      prototype.transaction = original;
      Object.defineProperties(transaction, {
        oncomplete: { set() {} },
        onabort: { set(tell) { transaction.addEventListener("complete", tell); } },
        error: { value: new DOMException("the server was lost", "UnknownError") },
      });
    }
    return transaction;
  };
}

/** Collects the durability of every transaction that writes, until `stop` is called. */
export function watchDurability() {
  const prototype = IDBDatabase.prototype;
  const original = prototype.transaction;
  const seen = [];
  prototype.transaction = function (...given) {
    const transaction = original.apply(this, given);
    if (given[1] === "readwrite") seen.push(transaction.durability);
    return transaction;
  };
  return () => {
    prototype.transaction = original;
    return seen.join(" ");
  };
}
