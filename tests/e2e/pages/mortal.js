// A page that can die while it waits: from the n-th answer of the browser on, none reaches it any
// more. What it had asked for by then may still be done, as after a crash.

let left = Infinity;
globalThis.dead = false;

/** The next answers count, and the n-th is the first that does not arrive. */
globalThis.dieAt = (n) => (left = n);

function arrives(deliver) {
  left -= 1;
  dead ||= left <= 0;
  if (!dead) deliver();
}

/** Wraps a handler that the browser calls. */
function mortal({ prototype }, name) {
  const { get, set } = Object.getOwnPropertyDescriptor(prototype, name);
  Object.defineProperty(prototype, name, {
    configurable: true,
    get,
    set(handler) {
      const wrapped = function (event) {
        arrives(() => handler.call(this, event));
      };
      set.call(this, handler && wrapped);
    },
  });
}

/** What the browser answers to; for a dead page it stays open for ever. */
function promised(answer) {
  return new Promise((resolve, reject) => {
    answer.then(
      (value) => arrives(() => resolve(value)),
      (error) => arrives(() => reject(error)),
    );
  });
}

for (const name of ["onsuccess", "onerror"]) mortal(IDBRequest, name);
for (const name of ["oncomplete", "onabort", "onerror"]) mortal(IDBTransaction, name);
const { fetch, navigator } = globalThis;
globalThis.fetch = (...args) => promised(fetch(...args));
const request = navigator.locks.request.bind(navigator.locks);
navigator.locks.request = (...args) => {
  const held = args.pop();
  const work = (lock) =>
    new Promise((resolve, reject) => {
      arrives(() => Promise.resolve(held(lock)).then(resolve, reject));
    });
  return request(...args, work);
};
