/**
 * Makes this page die at a step of a run, as far as the widget can tell: the browser's storage, network
 * and locks do not answer it any more, and nothing that it asks of them is done. What was asked for
 * before may still be done, as after a crash. A reload brings a new page to life.
 *
 * `step` is "before" or "after" and the kind of an entry: nothing of the entry is stored, or all of it
 * is and the page never hears so. A number n lets the page die at the n-th answer from now on.
 *
 * Tests send this function to the page as text, so it may use nothing from outside of it.
 */
export function crash(step) {
  const existing = globalThis.holdpointCrash;
  if (existing) return existing.arm(step);

  let when, kind, left, dead, die;
  const died = new Promise((resolve) => (die = resolve));
  const last = new WeakSet();
  const arm = (next) => {
    left = typeof next === "number" ? next : Infinity;
    [when, kind] = String(next).split(" ");
  };
  arm(step);
  globalThis.holdpointCrash = {
    arm,
    /** Settles when the page is dead. */
    died,
    get dead() {
      return Boolean(dead);
    },
  };

  const end = () => {
    dead = true;
    die(step);
  };
  /** Whether an answer reaches the page. */
  const arrives = () => {
    left -= 1;
    if (left <= 0) end();
    return !dead;
  };
  /** What the browser answers to; for a dead page it stays open for ever. */
  const promised = (ask) =>
    new Promise((resolve, reject) => {
      if (dead) return;
      ask().then(
        (value) => arrives() && resolve(value),
        (error) => arrives() && reject(error),
      );
    });

  // All events of a database pass by it on their way down to whoever asked.
  const watched = new WeakSet();
  const watch = (database) => {
    if (watched.has(database)) return;
    watched.add(database);
    const look = (event) => {
      if (last.has(event.target) && event.type === "complete") end();
      // What nobody listens to is no answer.
      const isHeard = typeof event.target[`on${event.type}`] === "function";
      if (dead || (isHeard && !arrives())) event.stopImmediatePropagation();
    };
    for (const type of ["success", "error", "complete", "abort"]) {
      database.addEventListener(type, look, { capture: true });
    }
  };
  const { transaction } = IDBDatabase.prototype;
  IDBDatabase.prototype.transaction = function (...args) {
    watch(this);
    const begun = transaction.apply(this, args);
    if (dead) begun.abort();
    return begun;
  };
  const { add } = IDBObjectStore.prototype;
  IDBObjectStore.prototype.add = function (value, ...key) {
    const request = add.call(this, value, ...key);
    const isOurs = this.name === "entries" && this.transaction.db.name.startsWith("holdpoint:");
    if (isOurs && kind) {
      const { record } = JSON.parse(value);
      const stored = typeof record === "string" ? record : Object.keys(record)[0];
      if (stored === kind && when === "after") last.add(this.transaction);
      if (stored === kind && when === "before") {
        end();
        this.transaction.abort();
      }
    }
    return request;
  };

  const { fetch } = globalThis;
  globalThis.fetch = (...args) => promised(() => fetch(...args));
  const { request } = LockManager.prototype;
  LockManager.prototype.request = function (...args) {
    const held = args.pop();
    const work = (lock) =>
      new Promise((resolve, reject) => {
        if (arrives()) Promise.resolve(held(lock)).then(resolve, reject);
      });
    return request.call(this, ...args, work);
  };
}
